import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.amazon import import_amazon
from afl.errors import AFLError, DataError

OPTIONS = ImportOptions("mine")


def review(user: str, item: str, time: int) -> dict[str, Any]:
    """As in 2014 and 2018."""
    return {
        "reviewerID": user, "asin": item, "reviewerName": "J. \"Mac\" Donald", "helpful": [2, 3],
        "reviewText": "great \ud83d\ude00 {really}", "overall": 1.0, "summary": "!", "unixReviewTime": time,
        "reviewTime": "09 13, 2009",
    }  # fmt: skip


def review_2023(user: str, item: str, time: int) -> dict[str, Any]:
    return {
        "rating": 5.0, "title": "Good", "text": "x", "images": [], "asin": f"variant of {item}", "parent_asin": item,
        "user_id": user, "timestamp": time, "helpful_vote": 0, "verified_purchase": True,
    }  # fmt: skip


def write(file: Path, *records: Any) -> Path:
    """One a line: as JSON, or as it stands; packed where the name says so."""
    lines = [record if isinstance(record, str) else json.dumps(record) for record in records]
    content = ("\n".join(lines) + "\n").encode()
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


def release_2014(folder: Path) -> Path:
    meta = [
        "{'asin': 'B2', 'title': \"Ocarina of Time: Collector's Edition\", 'brand': 'Nintendo', 'price': 9.5, "
        "'categories': [['Video Games', 'Nintendo 64'], ['Video Games', 'Games']], 'salesRank': {'Video Games': 4}}",
        "{'asin': 'B1', 'title': 'Tetris &amp; Dr. Mario', 'imUrl': 'http:\\/\\/x'}",
        "{'asin': 'B9', 'title': 'Never reviewed'}",
    ]
    write(folder / "meta_Video_Games.json.gz", *meta)
    return write(folder / "reviews_Video_Games_5.json.gz", review("A1", "B2", 30), review("A1", "B1", 20))


def release_2018(folder: Path) -> Path:
    meta = [
        {"asin": "B2", "title": "Ocarina of Time: Collector's Edition", "brand": "Nintendo",
         "category": ["Video Games", "Nintendo 64", "Games", "</span></span>"]},
        {"asin": "B1", "title": "Tetris &amp; Dr. Mario", "brand": "", "category": []},
        {"asin": "B1", "title": "A second listing"},
    ]  # fmt: skip
    write(folder / "meta_Video_Games.json", *meta)
    return write(folder / "Video_Games_5.json", review("A1", "B2", 30), review("A1", "B1", 20))


def release_2023(folder: Path) -> Path:
    meta = [
        {"main_category": "Video Games", "title": "Ocarina of Time: Collector's Edition", "store": "Nintendo",
         "categories": ["Video Games", "Nintendo 64", "Games"], "parent_asin": "B2"},
        {"title": "Tetris &amp; Dr. Mario", "store": None, "categories": [], "parent_asin": "B1"},
    ]  # fmt: skip
    write(folder / "meta_Video_Games.jsonl.gz", *meta)
    reviews = (review_2023("A1", "B2", 30_500), review_2023("A1", "B1", 20_100))
    return write(folder / "Video_Games.jsonl.gz", *reviews)


RELEASES = [release_2014, release_2018, release_2023]


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_gives_users_in_time_order_whatever_they_rated(tmp_path: Path, release: Any) -> None:
    dataset = import_amazon(release(tmp_path), OPTIONS)
    assert dataset.splits[Split.TRAIN][0].id == "A1"
    assert (dataset.splits[Split.TRAIN][0].items, dataset.splits[Split.TRAIN][0].timestamps) == ((0, 1), (20, 30))
    assert dataset.domain.name == "game"


@pytest.mark.parametrize("release", RELEASES)
def test_every_release_keeps_titles_categories_and_brands_of_what_was_reviewed(
    tmp_path: Path, release: Any
) -> None:
    catalogue = import_amazon(release(tmp_path), OPTIONS).catalogue
    assert catalogue.titles == ("Tetris & Dr. Mario", "Ocarina of Time: Collector's Edition")
    nintendo = {"category": ("Video Games", "Nintendo 64", "Games"), "brand": ("Nintendo",)}
    assert catalogue.attributes == ({}, nintendo)


@pytest.mark.parametrize("release", RELEASES)
def test_the_folder_and_its_file_of_reviews_are_the_same_data_set(tmp_path: Path, release: Any) -> None:
    assert import_amazon(release(tmp_path), OPTIONS).hash == import_amazon(tmp_path, OPTIONS).hash


def test_packed_and_unpacked_are_the_same_data_set(tmp_path: Path) -> None:
    records = [review("A1", "B2", 30), review("A1", "B1", 20)]
    packed = import_amazon(write(tmp_path / "x.json.gz", *records), OPTIONS)
    assert packed.hash == import_amazon(write(tmp_path / "x.json", *records), OPTIONS).hash


def test_without_products_items_are_named_by_their_id_and_that_is_told(tmp_path: Path) -> None:
    dataset = import_amazon(write(tmp_path / "Books_5.json", review("A1", "B2", 30)), OPTIONS)
    assert (dataset.catalogue.titles, dataset.domain.name) == (("B2",), "item")
    assert dataset.notes["titles"].startswith("none")


def test_a_title_that_is_a_script_or_half_a_character_does_no_harm(tmp_path: Path) -> None:
    write(tmp_path / "meta_X.json", {"asin": "B1", "title": "var aPageStart = (new Date()).getTime();"},
          '{"asin": "B2", "title": "half \\ud83d"}')  # fmt: skip
    dataset = import_amazon(write(tmp_path / "X.json", review("A1", "B2", 30), review("A1", "B1", 9)), OPTIONS)
    assert dataset.catalogue.titles == ("B1", "half ?")
    assert len(dataset.hash) == 64


def test_products_that_share_a_title_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path / "meta_X.json", {"asin": "B1", "title": "Tetris"}, {"asin": "B2", "title": "TETRIS"})
    dataset = import_amazon(write(tmp_path / "X.json", review("A1", "B2", 30), review("A1", "B1", 9)), OPTIONS)
    assert dataset.catalogue.titles == ("Tetris [B1]", "TETRIS [B2]")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{bad", r"X\.json, line 3: got '\{bad', expected one record"),
        ('{"reviewerID": "A1", "asin"', r"line 3: got .*, expected one record"),
        ("[1, 2]", r"line 3: got '\[1, 2\]', expected one record"),
        ("{'asin': __import__('os').getcwd()}", r"line 3: got .*, expected one record"),
        ({"asin": "B1", "unixReviewTime": 1}, r"line 3: reviewerID is None, expected an id"),
        ({"reviewerID": "A1", "asin": " ", "unixReviewTime": 1}, r"line 3: asin is ' ', expected an id"),
        ({"reviewerID": "A\x07", "asin": "B", "unixReviewTime": 1}, r"line 3: reviewerID is 'A\\x07', expected"),
        ({"reviewerID": "A1", "asin": "B1", "unixReviewTime": "soon"}, r"line 3: unixReviewTime is 'soon'"),
        ({"reviewerID": "A1", "asin": "B1", "unixReviewTime": None}, r"line 3: unixReviewTime is None"),
        ({"reviewerID": "A1", "asin": "B1", "unixReviewTime": 2**60}, r"line 3: unixReviewTime is 11529"),
    ],
)
def test_a_malformed_review_is_one_clear_line(tmp_path: Path, line: Any, message: str) -> None:
    file = write(tmp_path / "X.json", review("A1", "B2", 30), "", line, review("A1", "B1", 20))
    with pytest.raises(DataError, match=message) as raised:
        import_amazon(file, OPTIONS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("line", ["{'asin': 'B1', 'title': }", "{'asin': 'B1'", "{'title': 'no asin'}", "7"])
def test_a_malformed_product_is_named(tmp_path: Path, line: str) -> None:
    write(tmp_path / "meta_X.json", {"asin": "B7"}, line)
    with pytest.raises(DataError, match=r"meta_X\.json, line 2: "):
        import_amazon(write(tmp_path / "X.json", review("A1", "B2", 30)), OPTIONS)


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    file = write(tmp_path / "X.json", review("A1", "B2", 30))
    file.write_bytes(file.read_bytes() + b'{"reviewerID": "caf\xe9"}\n')
    with pytest.raises(DataError, match=r"X\.json, line 2: not valid UTF-8"):
        import_amazon(file, OPTIONS)


def test_a_packed_file_that_ends_early_is_one_clear_line(tmp_path: Path) -> None:
    file = write(tmp_path / "X.json.gz", *(review(f"A{n}", "B2", n) for n in range(900)))
    file.write_bytes(file.read_bytes()[:-400])
    with pytest.raises(DataError, match=r"X\.json\.gz: damaged or incomplete gzip file"):
        import_amazon(file, OPTIONS)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "expected one file of reviews .* got none"),
        (["a.json", "b.json"], r"got a\.json, b\.json; name the file"),
    ],
)
def test_a_folder_without_one_file_of_reviews_says_so(tmp_path: Path, files: list[str], message: str) -> None:
    _ = [write(tmp_path / name, review("A", "B", 1)) for name in files]
    with pytest.raises(DataError, match=message):
        import_amazon(tmp_path, OPTIONS)


@pytest.mark.parametrize(
    ("line", "message"), [("", "it holds no rows"), ('{"x": 1}', "line 1: expected reviewerID")]
)
def test_a_file_that_is_no_review_says_what_was_expected(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        import_amazon(write(tmp_path / "X.json", line), OPTIONS)


ids = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ids, ids, st.integers(0, 2**33)), min_size=1, max_size=20))
def test_what_was_written_comes_back(tmp_path: Path, events: list[tuple[str, str, int]]) -> None:
    dataset = import_amazon(write(tmp_path / "X.json", *(review(*event) for event in events)), OPTIONS)
    expected: dict[str, list[str]] = {user: [] for user, _, _ in events}
    _ = [expected[user].append(item) for user, item, _ in sorted(events, key=lambda event: event[2])]
    assert by_user(dataset) == expected


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("{}[]'\":,asinB1u0 \n\\é"), max_size=60))
def test_junk_is_imported_or_refused_in_one_line(tmp_path: Path, junk: str) -> None:
    assert "\n" not in outcome(write(tmp_path / "X.json", review("A1", "B2", 30), junk))


def by_user(dataset: Dataset) -> dict[str, list[str]]:
    keys = dataset.catalogue.keys
    return {s.id: [keys[item] for item in s.items] for split in Split for s in dataset.splits[split]}


def outcome(file: Path) -> str:
    try:
        return import_amazon(file, OPTIONS).hash
    except AFLError as error:
        return str(error)
