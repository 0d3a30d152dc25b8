import csv
import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.flower import import_flower, join_windows
from afl.data.sessions import session_rows
from afl.errors import DataError, UsageError

pandas = pytest.importorskip("pandas")

TITLES = ["Heat", "M", "Heat", "Ran ", "Big  Fish", "Tron"]
OPTIONS = ImportOptions("mine")
COLUMNS = ["user_id", "history_item_id", "item_id", "history_item_title", "item_title", "timestamp"]


def frame(file: Path, examples: list[tuple[list[int], Any]], **columns: list[Any]) -> None:
    padded = [history + [len(TITLES)] * (10 - len(history)) for history, _ in examples]
    content = {
        "seq": padded,
        "len_seq": [len(history) for history, _ in examples],
        "next": [following for _, following in examples],
    } | columns
    made = pandas.DataFrame({name: pandas.Series(values, dtype=object) for name, values in content.items()})
    made.columns = pandas.Index(list(content), dtype=object)  # as pandas wrote names before strings had a type
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(made))


def write_tests(folder: Path, *lines: list[Any], columns: list[str] = COLUMNS) -> None:
    with (folder / "test" / "Games_5_now.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *lines])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six games, two of one title; two users before the cut, one validation row, two test rows of a third user."""
    for name in ("info", "test"):
        (tmp_path / name).mkdir()
    info = "".join(f"{title}\t{item}\n" for item, title in enumerate(TITLES))
    (tmp_path / "info" / "Games_5_now.txt").write_text(info, encoding="utf-8")
    cache = tmp_path / "cache" / "Games_2015"
    frame(cache / "train.pkl", [([0], 1), ([3], 2), ([0, 1], 4), ([0, 1, 4], 0)])
    frame(cache / "eval.pkl", [([3, 2], 5)])
    write_tests(
        tmp_path,
        ["u", "[5, 3]", "1", "['Tron', 'Ran ']", "M", "9"],
        ["u", "[5, 3, 1]", "0", "['Tron', 'Ran ', 'M']", "Heat", "10"],
    )
    return tmp_path


def titles_told(file: Path, dataset: Dataset) -> Counter[str]:
    """Occurrences of titles in the training histories, out of the imported sequences alone."""
    titles = [line.rpartition("\t")[0] for line in file.read_text("utf-8").split("\n")]
    windows = [
        sequence.items[max(0, place - 10) : place]
        for sequence in dataset.splits[Split.TRAIN]
        for place in range(1, len(sequence.items))
    ]
    return Counter(titles[item] for window in windows for item in window)


@pytest.mark.parametrize(
    ("category", "sizes", "domain"),
    [("Video_Games", [8064, 6142, 6142], "game"), ("Movies_and_TV", [3250, 2742, 2743], "movie")],
)
def test_the_authors_training_set_gives_their_own_title_counts_again(
    shared_data: Path, category: str, sizes: list[int], domain: str
) -> None:
    dataset = import_flower(shared_data / "flower", OPTIONS, category=category)
    info = shared_data / "flower" / "info"
    theirs = json.loads(next(info.glob(f"{category}_title_interaction_*.json")).read_text("utf-8"))
    assert [len(dataset.splits[split]) for split in Split] == sizes
    assert titles_told(next(info.glob(f"{category}_5_*.txt")), dataset) == theirs
    assert dataset.notes["title counts"].endswith("as the source counts")
    assert dataset.domain.name == domain


def test_what_is_odd_in_the_authors_games_is_told(shared_data: Path) -> None:
    notes = import_flower(shared_data / "flower", OPTIONS, category="Video_Games").notes
    assert notes["titles"] == "3806 distinct titles; 47 are shared by 99 items and made unique by their number"
    assert "1302 of 49133 training and 174 of 6142 test rows" in notes["repeats"]
    assert notes["overlap"].startswith("41 of 6142 test rows")


def test_windows_that_grow_are_joined_into_sequences(folder: Path) -> None:
    dataset = import_flower(folder, OPTIONS, category="Games")
    assert [sequence.items for sequence in dataset.splits[Split.TRAIN]] == [(0, 1, 4, 0), (3, 2)]
    assert dataset.notes["train"] == "4 windows joined into 2 sequences"


def test_validation_and_test_sequences_are_what_their_rows_show(folder: Path) -> None:
    splits = import_flower(folder, OPTIONS, category="Games").splits
    assert [(row.id, row.items) for row in splits[Split.VALID]] == [("valid-0", (3, 2, 5))]
    assert [(row.id, row.items) for row in splits[Split.TEST]] == [("0", (5, 3, 1)), ("1", (5, 3, 1, 0))]


def test_what_a_user_touches_in_other_test_rows_is_no_negative_of_theirs(folder: Path) -> None:
    first, second = import_flower(folder, OPTIONS, category="Games").splits[Split.TEST]
    assert (first.touched, second.touched) == ((0,), ())


def test_sessions_need_three_items_before_the_target(folder: Path) -> None:
    assert [row.id for row in session_rows(import_flower(folder, OPTIONS, category="Games"), Split.TEST)] == ["1"]


def test_items_of_one_title_are_told_apart_and_keep_it(folder: Path) -> None:
    catalogue = import_flower(folder, OPTIONS, category="Games").catalogue
    assert catalogue.titles == ("Heat [0]", "M", "Heat [2]", "Ran", "Big Fish", "Tron")
    assert catalogue.plain_titles == ("Heat", "M", "Heat", "Ran", "Big Fish", "Tron")


def test_the_only_category_need_not_be_named(folder: Path) -> None:
    named = import_flower(folder, OPTIONS, category="Games")
    assert import_flower(folder, OPTIONS).hash == named.hash


def test_the_folder_above_will_do(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    above = tmp_path_factory.mktemp("above")
    folder.rename(above / "data")
    assert import_flower(above, OPTIONS, category="Games").notes["category"] == "Games"


def test_title_counts_that_differ_are_told(folder: Path) -> None:
    (folder / "info" / "Games_title_interaction_5.json").write_text(
        '{"Heat": 3, "M": 2, "Ran ": 9, "Big  Fish": 1}'
    )
    assert (
        import_flower(folder, OPTIONS, category="Games")
        .notes["title counts"]
        .endswith("the source counts 1 titles otherwise")
    )


def test_of_several_categories_one_must_be_named(folder: Path) -> None:
    (folder / "info" / "Films_5_now.txt").write_text("Heat\t0\n")
    with pytest.raises(UsageError, match=r"no --category was given, expected one of: Films, Games"):
        import_flower(folder, OPTIONS)


def test_a_category_that_is_not_there_is_told(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"got --category Boats, expected one of: Games"):
        import_flower(folder, OPTIONS, category="Boats")


def test_a_folder_without_info_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="info is missing, expected the folder with info, cache and test"):
        import_flower(tmp_path, OPTIONS, category="Games")


def test_a_folder_without_cache_is_told(folder: Path) -> None:
    (folder / "cache" / "Games_2015").rename(folder / "elsewhere")
    with pytest.raises(DataError, match=r"cache: expected one folder Games_YEAR, got none"):
        import_flower(folder, OPTIONS, category="Games")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Heat\t0\nM 1\n", r"line 2: got 'M 1', expected title<TAB>1"),
        ("Heat\t0\nM\t2\n", r"line 2: got 'M\\t2', expected title<TAB>1"),
        ("Heat\t0\n \t1\n", r"line 2: got ' \\t1', expected title<TAB>1"),
        ("\n", r"it is empty, expected title<TAB>id"),
    ],
)
def test_a_file_of_titles_that_holds_something_else_is_told_by_line(folder: Path, text: str, reason: str) -> None:
    (folder / "info" / "Games_5_now.txt").write_text(text)
    with pytest.raises(DataError, match=reason):
        import_flower(folder, OPTIONS, category="Games")


@pytest.mark.parametrize(
    ("history", "following", "length"),
    [
        ([0], 6, 1),
        ([0], "1", 1),
        ([7], 1, 1),
        ([0, 1], 2, 1),
        ([0], 1, 2),
        ([], 1, 0),
        ([0], 1, None),
        ([0], True, 1),
    ],
)
def test_a_training_row_that_is_no_window_is_told(
    folder: Path, history: list[int], following: Any, length: Any
) -> None:
    frame(folder / "cache" / "Games_2015" / "train.pkl", [([0], 1), (history, following)], len_seq=[1, length])
    with pytest.raises(DataError, match=r"train.pkl, row 1: got .* expected 1 to 10 item numbers below 6"):
        import_flower(folder, OPTIONS, category="Games")


def test_a_pickle_that_asks_for_more_than_a_frame_is_refused(folder: Path) -> None:
    (folder / "cache" / "Games_2015" / "train.pkl").write_bytes(pickle.dumps(print))
    with pytest.raises(DataError, match=r"train.pkl: refused to unpickle"):
        import_flower(folder, OPTIONS, category="Games")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (["u", "[5", "1", "['Tron']", "M", "9"], r"line 2: history_item_id is '\[5', expected a list"),
        (["u", "open('x')", "1", "['Tron']", "M", "9"], r"line 2: history_item_id is .* expected a list"),
        (["u", "[]", "1", "[]", "M", "9"], "line 2: got no history"),
        (["u", "[5, 6]", "1", "['Tron', 'M']", "M", "9"], "line 2: got item 6, expected item numbers below 6"),
        (["u", "[5]", "M", "['Tron']", "M", "9"], "line 2: got item None, expected item numbers"),
        (["u", "[5]", "1", "['Tron']", "Heat", "9"], "line 2: titles are not those of the items, expected 'M'"),
        (["u", "[5]", "1"], "line 2: got more or fewer fields than columns"),
    ],
)
def test_a_test_row_that_holds_something_else_is_told_by_line(folder: Path, line: list[str], reason: str) -> None:
    write_tests(folder, line)
    with pytest.raises(DataError, match=reason):
        import_flower(folder, OPTIONS, category="Games")


def test_a_test_file_without_a_column_is_told(folder: Path) -> None:
    write_tests(folder, columns=COLUMNS[1:])
    with pytest.raises(DataError, match=r"line 1: column 'user_id' is missing"):
        import_flower(folder, OPTIONS, category="Games")


def test_title_counts_that_are_no_json_are_told(folder: Path) -> None:
    (folder / "info" / "Games_title_interaction_5.json").write_text("[1]")
    with pytest.raises(DataError, match="not JSON, expected one object of title and count"):
        import_flower(folder, OPTIONS, category="Games")


def windows_of(users: list[list[int]]) -> list[tuple[int, ...]]:
    return [tuple(user[max(0, end - 10) : end + 1]) for user in users for end in range(1, len(user))]


@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=14), max_size=12), st.randoms())
def test_sequences_have_exactly_the_windows_they_were_joined_from(users: list[list[int]], draws: Any) -> None:
    taken = sorted(
        windows_of(users), key=lambda window: (len(window), draws.random()) if len(window) < 11 else (11, 0)
    )
    joined = join_windows(taken)
    assert joined.orphans == 0
    assert Counter(windows_of([list(items) for items in joined.sequences])) == Counter(taken)


def test_a_row_without_an_earlier_one_begins_a_sequence_of_its_own() -> None:
    assert join_windows([(0, 1, 2), (0, 1, 2, 3)]) == ([(0, 1, 2, 3)], 1)
