import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from afl.data.candidates import candidate_lists
from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.re2llm import import_re2llm
from afl.data.sessions import session_rows
from afl.data.split import Shares, resplit
from afl.errors import DataError

OPTIONS = ImportOptions("mine")
MOVIES = {
    1: "Am\xe9lie",
    2: "Heat",
    3: "Brazil",
    4: "Brazil",
    5: "Ran",
    6: "M",
    7: '"Heroes"',
    8: "Unseen",
    9: "Big",
}


def sessions(folder: Path, name: str, content: Any) -> None:
    (folder / name).write_bytes(pickle.dumps(content))


def table(folder: Path, name: str, lines: list[str]) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="iso-8859-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Nine movies, one of them never used; two sessions in each file, one of them in both."""
    sessions(tmp_path, "example_train.txt", [[[1, 2, 3, 5], 4, [4, 6, 7]], [[5, 6, 7], 1, [2, 1, 1]]])
    sessions(tmp_path, "example_test.txt", [([5, 6, 7], 1, [1, 2, 3]), ([1, 2, 6], 5, [9, 5, 2])])
    table(tmp_path, "movies.dat", ["id\ttitle\tyear", *(f"{n}\t{title}\t19{n}0" for n, title in MOVIES.items())])
    table(tmp_path, "movie_genres.dat", ["movieID\tgenre", "1\tComedy", "1\tRomance", "8\tWar"])
    table(tmp_path, "movie_directors.dat", ["movieID\tdirectorID\tdirectorName", "5\tak\tAkira Kurosawa"])
    table(tmp_path, "movie_countries.dat", ["movieID\tcountry", "5\tJapan", "6\t"])
    return tmp_path


@pytest.fixture(scope="module")
def hetrec(shared_data: Path) -> Dataset:
    return import_re2llm(shared_data / "re2llm", ImportOptions("hetrec"))


def test_the_authors_sessions_are_500_for_training_and_4694_unseen_ones_for_test(hetrec: Dataset) -> None:
    assert [len(hetrec.splits[split]) for split in Split] == [500, 0, 4694]
    assert (len(hetrec.catalogue), hetrec.domain.name) == (9843, "movie")


def test_what_was_mended_of_the_authors_sessions_is_told(hetrec: Dataset) -> None:
    assert "0 training and 96 test sessions" in hetrec.notes["met before"]
    assert "27 lists" in hetrec.notes["candidates"]
    assert "354 movies" in hetrec.notes["items"]


def test_every_list_of_the_authors_holds_50_movies_once_and_its_target(hetrec: Dataset) -> None:
    every = [row for split in Split for row in session_rows(hetrec, split)]
    lists = candidate_lists(hetrec, every, size=50, method="source").items
    assert {len(set(candidates)) for candidates in lists.tolist()} == {50}
    assert all(row.target in candidates for row, candidates in zip(every, lists.tolist(), strict=True))
    assert not any((row.seen_items - {row.target}) & set(row.candidates) for row in every)


def test_the_authors_sessions_can_be_divided_anew_with_2500_for_training_and_2000_for_test(
    hetrec: Dataset,
) -> None:
    splits = resplit(hetrec.splits, Shares(5, 1, 4))
    assert [len(splits[split]) for split in Split] == [2598, 519, 2077]
    assert splits[Split.TEST][0].candidates


def test_a_session_is_named_by_its_file_and_row(folder: Path) -> None:
    splits = import_re2llm(folder, OPTIONS).splits
    assert [splits[split].ids for split in Split] == [("train-0", "train-1"), (), ("test-1",)]


def test_movies_carry_year_genres_directors_and_countries(folder: Path) -> None:
    catalogue = import_re2llm(folder, OPTIONS).catalogue
    assert catalogue.attributes[0] == {"year": ("1910",), "genre": ("Comedy", "Romance")}
    assert catalogue.attributes[4] == {"year": ("1950",), "director": ("Akira Kurosawa",), "country": ("Japan",)}
    assert catalogue.titles[:4] == ("Am\xe9lie", "Heat", "Brazil [3]", "Brazil [4]")


def test_series_lose_their_quotes_as_in_the_authors_prompts(folder: Path) -> None:
    assert import_re2llm(folder, OPTIONS).catalogue.titles[6] == "Heroes"


def test_movies_that_occur_nowhere_are_left_out(folder: Path) -> None:
    assert "8" not in import_re2llm(folder, OPTIONS).catalogue.keys


def test_a_target_that_is_listed_twice_makes_room_for_a_movie_that_is_not_of_the_session(folder: Path) -> None:
    dataset = import_re2llm(folder, OPTIONS)
    train = dataset.splits[Split.TRAIN][1]
    listed = Counter(dataset.catalogue.keys[item] for item in train.candidates)
    assert (listed["1"], listed["2"], len(listed)) == (1, 1, 3)
    assert not {"5", "6", "7"} & set(listed)


def test_a_list_is_mended_the_same_way_every_time(folder: Path) -> None:
    assert import_re2llm(folder, OPTIONS).hash == import_re2llm(folder, OPTIONS).hash


def test_a_pickle_that_asks_for_anything_is_refused(folder: Path) -> None:
    sessions(folder, "example_test.txt", Path("x"))
    with pytest.raises(DataError, match=r"example_test\.txt: refused to unpickle: it imports pathlib"):
        import_re2llm(folder, OPTIONS)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ([[1, 2, 3], 4], "expected \\[history, target, candidates\\]"),
        ([[1, 2, "3"], 4, [4, 5]], "got '3', expected movie ids"),
        ([[1, 2, 3], 4, [5, 6]], "its target is not among its candidates"),
        ([[], 4, [4, 6]], "its history is empty"),
    ],
)
def test_a_row_that_is_no_session_is_named(folder: Path, row: list[Any], problem: str) -> None:
    sessions(folder, "example_train.txt", [[[1, 2, 3], 4, [4, 5]], row])
    with pytest.raises(DataError, match=rf"example_train\.txt, row 1: .*{problem}"):
        import_re2llm(folder, OPTIONS)


def test_a_movie_without_a_title_is_named(folder: Path) -> None:
    sessions(folder, "example_train.txt", [[[1, 2, 77], 4, [4, 5]]])
    with pytest.raises(DataError, match=r"movies\.dat: movie 77 is missing"):
        import_re2llm(folder, OPTIONS)


def test_a_line_that_is_no_row_of_its_table_is_named(folder: Path) -> None:
    table(folder, "movie_genres.dat", ["movieID\tgenre", "1\tComedy", "1"])
    with pytest.raises(DataError, match=r"movie_genres\.dat, line 3: got 1 fields, expected 2"):
        import_re2llm(folder, OPTIONS)
