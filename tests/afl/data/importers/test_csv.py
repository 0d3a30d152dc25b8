from datetime import datetime
from pathlib import Path
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Sequence, Split
from afl.data.importers import ImportOptions
from afl.data.importers.csv import import_csv
from afl.errors import AFLError, DataError, UsageError

OPTIONS = ImportOptions("mine")


def imported(folder: Path, content: str | bytes, name: str = "table.csv") -> Dataset:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    return import_csv(folder / name, OPTIONS)


def by_user(dataset: Dataset) -> dict[str, list[str]]:
    """Item keys of every user, in order."""
    keys = dataset.catalogue.keys
    return {s.id: [keys[item] for item in s.items] for split in Split for s in dataset.splits[split]}


def test_a_user_is_a_sequence_in_time_order(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp\nann,b,20\nbob,a,5\nann,a,10\nann,c,30\n")
    assert by_user(dataset) == {"ann": ["a", "b", "c"], "bob": ["a"]}
    assert dataset.splits[Split.TRAIN][0] == Sequence("ann", (0, 1, 2), (10, 20, 30))


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    rows = "".join(f"u,{item},7\n" for item in "zyxwvu")
    assert by_user(imported(tmp_path, "user,item,timestamp\n" + rows)) == {"u": list("zyxwvu")}


def test_every_interaction_counts_whatever_its_rating_and_however_often(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp,rating\nu,a,1,1\nu,a,2,5\nu,a,2,5\n")
    assert by_user(dataset) == {"u": ["a", "a", "a"]}
    assert dataset.catalogue.attributes == ({},)


def test_other_usual_names_in_any_case_are_understood(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "MovieId, UserID ,Date,Name\n7,1,2020-01-02,Brazil\n")
    assert by_user(dataset) == {"1": ["7"]}
    assert dataset.catalogue.titles == ("Brazil",)
    assert dataset.splits[Split.TRAIN][0].timestamps == (1577923200,)


def test_items_stand_in_the_order_of_their_ids(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp\nu,10,1\nu,9,2\nu,b,3\nu,a,4\n")
    assert dataset.catalogue.keys == ("9", "a", "b", "10")


def test_titles_and_attributes_belong_to_the_item(tmp_path: Path) -> None:
    header = "user,item,timestamp,title,genres,Release_Year\n"
    table = "u,a,1,Alien,Horror | Sci-Fi,1979\nu,b,2,,,\nv,a,3,Alien,,\n"
    catalogue = imported(tmp_path, header + table).catalogue
    assert catalogue.titles == ("Alien", "b")
    assert catalogue.attributes == ({"genre": ("Horror", "Sci-Fi"), "year": ("1979",)}, {})


def test_a_column_that_differs_within_an_item_is_left_out_and_noted(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp,device\nu,a,1,phone\nv,a,2,laptop\n")
    assert dataset.catalogue.attributes == ({},)
    assert dataset.notes["left out"].startswith("device: differs")


@pytest.mark.parametrize("name", ["*", "^.*$", "other 0"])
def test_a_column_whose_name_looks_like_a_pattern_is_an_attribute_like_any_other(
    tmp_path: Path, name: str
) -> None:
    dataset = imported(tmp_path, f"user,item,timestamp,{name},year\nu,a,1,x,1999\n")
    assert dataset.catalogue.attributes == ({name: ("x",), "year": ("1999",)},)


def test_items_that_share_a_title_are_told_apart(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp,title\nu,a,1,Crash\nu,b,2,CRASH\n")
    assert dataset.catalogue.titles == ("Crash [a]", "CRASH [b]")


def test_a_title_may_hold_separators_quotes_and_line_breaks(tmp_path: Path) -> None:
    dataset = imported(tmp_path, 'user,item,timestamp,title\nu,a,1,"Item: X,\nor ""Y"""\n')
    assert dataset.catalogue.titles == ('Item: X, or "Y"',)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_seen_from_the_header(tmp_path: Path, separator: str) -> None:
    table = "user,item,timestamp\nu,a,1\n".replace(",", separator)
    assert by_user(imported(tmp_path, table)) == {"u": ["a"]}


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    table = b"\xef\xbb\xbf\r\nuser,item,timestamp\r\n\r\nu,a,1\r\n,,\r\n"
    assert by_user(imported(tmp_path, table)) == {"u": ["a"]}


def test_fractions_of_seconds_decide_the_order(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp\nu,b,1.75\nu,a,1.25\n")
    assert dataset.splits[Split.TRAIN][0] == Sequence("u", (0, 1), (1, 1))


def test_milliseconds_become_seconds(tmp_path: Path) -> None:
    dataset = imported(tmp_path, "user,item,timestamp\nu,b,1577923200123\n")
    assert dataset.splits[Split.TRAIN][0].timestamps == (1577923200,)


def test_a_parquet_file_gives_the_same_data_set(tmp_path: Path) -> None:
    table = {
        "user": [1, 1, 2],
        "item": ["b", "a", "a"],
        "timestamp": [2, 1, 3],
        "genre": [["x", "y"], ["z"], ["z"]],
    }
    pl.DataFrame(table).write_parquet(tmp_path / "t.parquet")
    text = imported(tmp_path, "user,item,timestamp,genre\n1,b,2,x|y\n1,a,1,z\n2,a,3,z\n")
    assert import_csv(tmp_path / "t.parquet", OPTIONS).hash == text.hash


def test_dates_in_parquet_become_unix_seconds(tmp_path: Path) -> None:
    table = {"user": ["u"], "item": ["a"], "timestamp": [datetime(2020, 1, 2)]}
    pl.DataFrame(table).write_parquet(tmp_path / "t.parquet")
    dataset = import_csv(tmp_path / "t.parquet", OPTIONS)
    assert dataset.splits[Split.TRAIN][0].timestamps == (1577923200,)


def test_the_order_of_lines_with_different_times_does_not_matter(tmp_path: Path) -> None:
    lines = [f"u{n % 23},i{n * 7 % 31},{n}\n" for n in range(400)]
    shuffled = Random(1).sample(lines, len(lines))
    header = "user,item,timestamp\n"
    assert imported(tmp_path, header + "".join(lines)).hash == imported(tmp_path, header + "".join(shuffled)).hash


@pytest.mark.parametrize(
    ("name", "said", "word"),
    [
        ("table.csv", None, "item"),
        ("ml-100.csv", None, "movie"),
        ("steam.csv", None, "game"),
        ("a.csv", "music", "music"),
    ],
)
def test_the_wording_is_said_or_guessed_from_the_name(
    tmp_path: Path, name: str, said: str | None, word: str
) -> None:
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / name).write_text("user,item,timestamp\nu,a,1\n")
    assert import_csv(folder / name, ImportOptions("mine", domain=said)).domain.name == word


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"table\.csv: it is empty"),
        ("\n\n", r"table\.csv: it is empty"),
        ("user,item,timestamp\n", r"table\.csv: it holds no rows"),
        ("user,item\nu,a\n", r"no timestamp column; expected timestamp or time, got: user, item"),
        ("who,item,timestamp\nu,a,1\n", r"no user column; expected user_id or user, got: who"),
        ("user,item,timestamp,item\nu,a,1,b\n", r"column 'item' occurs twice"),
        ("user,item,timestamp,Item\nu,a,1,b\n", r"column 'item' occurs twice"),
        (
            "user,item,timestamp\nu,a,1\n\nu,b,soon\n",
            r"table\.csv, line 4: timestamp is 'soon', expected Unix seconds",
        ),
        ('user,item,timestamp\n"u",a,1\nu,"b\nb",2\nu,c,x\n', r"table\.csv, line 5: timestamp is 'x'"),
        ("user,item,timestamp\nu,a,inf\n", r"line 2: timestamp is 'inf'"),
        ("user,item,timestamp\nu,a,1e300\n", r"line 2: timestamp is '1e300'"),
        ("user,item,timestamp\nu,a,1\nu,a,2020-01-01\n", r"line 3: timestamp is '2020-01-01'"),
        ("user,item,timestamp\nu,a,1\nu,a\n", r"line 3: timestamp is empty"),
        ("user,item,timestamp\nu,a,1\n ,a,2\n", r"line 3: user is empty, expected a value"),
        ("user,item,timestamp\nu,a,1\nu,,2\n", r"line 3: item is empty"),
        ("\nuser,item,timestamp\nu,a,1\nu,a,2,3\n", r"line 4: got 4 fields, expected 3"),
        ("user,item,timestamp\ru,a,1\r", r"bare carriage returns"),
        ('user,item,timestamp\n"u,a,1\n', r"not a readable table"),
        ("user,item,timestamp\nu\x07,a,1\n", r"line 2: user 'u\\x07' holds control characters"),
        (b"user,item,timestamp\nu,a,1\nu,caf\xe9,2\n", r"table\.csv, line 3: not valid UTF-8 text"),
    ],
)
def test_a_malformed_table_is_one_clear_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(DataError, match=message) as raised:
        imported(tmp_path, content)
    assert "\n" not in str(raised.value)


def test_a_truncated_parquet_file_is_one_clear_line(tmp_path: Path) -> None:
    pl.DataFrame({"user": ["u"], "item": ["a"], "timestamp": [1]}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="not a readable parquet file"):
        imported(tmp_path, (tmp_path / "t.parquet").read_bytes()[:-20], "cut.parquet")


def test_a_row_of_a_parquet_file_is_counted_from_one(tmp_path: Path) -> None:
    pl.DataFrame({"user": ["u", None], "item": ["a", "b"], "timestamp": [1, 2]}).write_parquet(
        tmp_path / "t.parquet"
    )
    with pytest.raises(DataError, match=r"t\.parquet, row 2: user is empty"):
        import_csv(tmp_path / "t.parquet", OPTIONS)


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.csv: there is no such file"):
        import_csv(tmp_path / "nowhere.csv", OPTIONS)


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"got a folder, expected a \.csv"):
        import_csv(tmp_path, OPTIONS)


def test_a_path_is_needed() -> None:
    with pytest.raises(UsageError, match="format 'csv' needs a path"):
        import_csv(None, OPTIONS)


def test_an_unknown_wording_lists_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("user,item,timestamp\nu,a,1\n")
    with pytest.raises(UsageError, match="expected one of: music, movie, game, item"):
        import_csv(tmp_path / "t.csv", ImportOptions("mine", domain="food"))


words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=8)


@given(st.lists(st.tuples(words, words, st.integers(0, 2**33)), min_size=1, max_size=40))
def test_what_was_written_comes_back(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "round.csv"
    pl.DataFrame(events, schema=["user", "item", "timestamp"], orient="row").write_csv(file)
    expected: dict[str, list[str]] = {user: [] for user, _, _ in events}
    _ = [expected[user].append(item) for user, item, _ in sorted(events, key=lambda event: event[2])]
    assert by_user(import_csv(file, OPTIONS)) == expected


junk = st.one_of(
    st.binary(max_size=300),
    st.text(st.sampled_from('user,item,timestamp\n\r\t;|"0123ab\x00é. -'), max_size=120).map(str.encode),
    st.text(st.sampled_from('ab,",\n\r01.e-: |'), max_size=80).map(
        lambda rest: f"user,item,time,x\n{rest}".encode()
    ),
)


@given(content=junk, suffix=st.sampled_from([".csv", ".parquet"]))
def test_junk_is_imported_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, suffix: str
) -> None:
    file = tmp_path_factory.getbasetemp() / f"junk{suffix}"
    file.write_bytes(content)
    assert "\n" not in outcome(file)


def outcome(file: Path) -> str:
    try:
        return import_csv(file, OPTIONS).hash
    except AFLError as error:
        return str(error)
