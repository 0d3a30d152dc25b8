import pickle
from pathlib import Path
from typing import Any

import pandas
import pytest

from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.llara import import_llara
from afl.data.sessions import session_rows
from afl.errors import DataError, UsageError

OPTIONS = ImportOptions("mine")
PAD = 6


def frame(file: Path, windows: list[Any], following: list[Any]) -> None:
    content = pandas.DataFrame({"seq": windows, "len_seq": [1] * len(windows), "next": following})
    content.columns = pandas.Index(list(content.columns), dtype=object)
    file.write_bytes(pickle.dumps(content))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six items, one sequence per split, windows of three."""
    (tmp_path / "id2name.txt").write_text("".join(f"{n}::Item {n}\n" for n in range(6)), encoding="utf-8")
    starts = [[PAD, PAD, PAD], [0, PAD, PAD], [0, 1, PAD], [0, 1, 2], [1, 2, 3], [PAD, PAD, PAD], [5, PAD, PAD]]
    frame(tmp_path / "train_data.df", starts, [0, 1, 2, 3, 4, 5, 0])
    frame(tmp_path / "Val_data.df", [[1, 2, 3]], [4])
    frame(tmp_path / "Test_data.df", [[4, 3, PAD]], [2])
    return tmp_path


@pytest.fixture(scope="module")
def lastfm(shared_data: Path) -> Dataset:
    return import_llara(shared_data / "lastfm", ImportOptions("lastfm"))


@pytest.fixture(scope="module")
def users(shared_data: Path) -> Dataset:
    return import_llara(shared_data / "lastfm_ab", ImportOptions("lastfm-ab"))


def test_last_fm_has_1220_sequences_over_4606_artists(lastfm: Dataset) -> None:
    assert [len(lastfm.splits[split]) for split in Split] == [976, 122, 122]
    assert (len(lastfm.catalogue), lastfm.domain.name) == (4606, "music")


def test_training_windows_of_last_fm_are_joined_again(lastfm: Dataset) -> None:
    lengths = sorted(len(sequence.items) for sequence in lastfm.splits[Split.TRAIN])
    assert (lengths[0], lengths[488], lengths[-1], sum(lengths)) == (4, 18, 986, 50_800)


def test_every_row_of_last_fm_is_a_session_named_by_its_number(lastfm: Dataset) -> None:
    assert [row.id for row in session_rows(lastfm, Split.TEST)] == [str(number) for number in range(122)]
    assert [row.id for row in session_rows(lastfm, Split.VALID)][:2] == ["valid-0", "valid-1"]


def test_names_of_last_fm_are_read_as_utf8(lastfm: Dataset) -> None:
    assert lastfm.catalogue.titles[2] == "Café Del Mar"


def test_the_user_simulation_part_holds_out_the_last_ten_of_sixty_users(users: Dataset) -> None:
    sequences = users.splits[Split.TEST]
    assert [len(users.splits[split]) for split in Split] == [0, 0, 60]
    assert {len(sequence.held_out) for sequence in sequences} == {10}
    assert all(set(sequence.items) | set(sequence.held_out) <= set(sequence.touched) for sequence in sequences)
    assert len(session_rows(users, Split.TEST)) == 60


def test_both_parts_of_last_fm_share_one_catalogue(lastfm: Dataset, users: Dataset) -> None:
    assert users.catalogue.hash == lastfm.catalogue.hash


def test_growing_windows_become_sequences_and_rows_their_history_and_target(folder: Path) -> None:
    splits = import_llara(folder, OPTIONS).splits
    assert [sequence.items for sequence in splits[Split.TRAIN]] == [(0, 1, 2, 3, 4), (5, 0)]
    assert [sequence.items for sequence in splits[Split.VALID]] == [(1, 2, 3, 4)]
    assert [sequence.items for sequence in splits[Split.TEST]] == [(4, 3, 2)]


def test_movielens_pairs_and_titles_are_understood(folder: Path) -> None:
    (folder / "u.item").write_bytes(
        b"1|Toy Story (1995)|01-Jan-1995|||0|0|0|1|1|1|0\n2|American in Paris, An (1951)|\n3|A, B and C|\n"
        b"4|Les Mis\xe9rables (1995)|\n5|5|\n6|6|\n"
    )
    frame(folder / "Test_data.df", [[(0, 5), (1, 3), (PAD, 0)]], [(2, 4)])
    dataset = import_llara(folder, OPTIONS)
    assert dataset.splits[Split.TEST][0].items == (0, 1, 2)
    assert dataset.catalogue.titles[:4] == ("Toy Story", "An American in Paris", "A, B and C", "Les Misérables")
    assert dataset.catalogue.attributes[0] == {"year": ("1995",), "genre": ("Animation", "Children's", "Comedy")}


def test_a_missing_frame_is_named(folder: Path) -> None:
    (folder / "Val_data.df").unlink()
    with pytest.raises(DataError, match=r"Val_data\.df is missing"):
        import_llara(folder, OPTIONS)


def test_missing_titles_are_named(folder: Path) -> None:
    (folder / "id2name.txt").unlink()
    with pytest.raises(DataError, match=r"expected one id2name\*\.txt file, got none"):
        import_llara(folder, OPTIONS)


@pytest.mark.parametrize(
    ("windows", "following", "message"),
    [
        ([[1, 2, 3]], [77], r"Test_data\.df, row 0: item 77 has no title"),
        ([[1, 2, 3], [1, "x", 3]], [4, 5], r"Test_data\.df, row 1: got .* expected ids"),
        ([[1, 2, 3], None], [4, 5], r"Test_data\.df, row 1: got None"),
    ],
)
def test_a_row_that_is_not_items_is_named(
    folder: Path, windows: list[Any], following: list[Any], message: str
) -> None:
    frame(folder / "Test_data.df", windows, following)
    with pytest.raises(DataError, match=message):
        import_llara(folder, OPTIONS)


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        (b"", "it is empty"),
        (b"0::A\n1 B\n", "line 2: got '1 B', expected id::name"),
        (b"0::A\n0::B\n", "item '0' occurs twice"),
        (b"0::A\n1::\xe9\n", "line 2: not valid UTF-8"),
    ],
)
def test_malformed_titles_are_one_clear_line(folder: Path, titles: bytes, message: str) -> None:
    (folder / "id2name.txt").write_bytes(titles)
    with pytest.raises(DataError, match=message):
        import_llara(folder, OPTIONS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": 1}, "expected a list of users"),
        ([{"user_id": 1}], "user 0: 'artist_list' is neither a field nor an item"),
        ([{"artist_list": [0, 99], "full_list": []}], "user 0: 99 is neither a field nor an item"),
        ([{"artist_list": 3, "full_list": []}], "user 0: expected lists"),
        ([{"artist_list": [0, 1, 2], "full_list": [0]}], "user 0: got 3 items, expected at least 12"),
    ],
)
def test_malformed_users_are_one_clear_line(folder: Path, content: Any, message: str) -> None:
    (folder / "test_llara.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(DataError, match=message):
        import_llara(folder, OPTIONS)


def test_a_frame_that_would_run_code_is_refused(folder: Path) -> None:
    (folder / "Test_data.df").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(DataError, match=r"Test_data\.df: refused to unpickle: it imports os\.system"):
        import_llara(folder, OPTIONS)


def test_a_file_is_not_a_folder(folder: Path) -> None:
    with pytest.raises(DataError, match="expected the folder that holds the data set"):
        import_llara(folder / "id2name.txt", OPTIONS)


def test_a_path_is_needed() -> None:
    with pytest.raises(UsageError, match="format 'llara' needs a path"):
        import_llara(None, OPTIONS)
