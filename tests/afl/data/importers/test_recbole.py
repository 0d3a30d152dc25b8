from pathlib import Path

import pytest

from afl.data.dataset import Split
from afl.data.importers import ImportOptions
from afl.data.importers.recbole import import_recbole
from afl.errors import DataError

OPTIONS = ImportOptions("mine")
INTER = "user_id:token\titem_id:token\ttimestamp:float\nu\tb\t2\nu\ta\t1\n"


def folder_of(folder: Path, inter: str = INTER, item: str | None = None) -> Path:
    (folder / "x.inter").write_text(inter, encoding="utf-8")
    if item is not None:
        (folder / "x.item").write_text(item, encoding="utf-8")
    return folder


def test_movielens_100k_has_943_users_1682_films_and_all_its_ratings(shared_data: Path) -> None:
    dataset = import_recbole(shared_data / "ml-100k", ImportOptions("ml-100k"))
    assert [len(dataset.splits[split]) for split in Split] == [755, 94, 94]
    assert sum(len(dataset.splits[split].items) for split in Split) == 100_000
    assert (len(dataset.catalogue), dataset.domain.name) == (1682, "movie")
    assert dataset.catalogue.titles[0] == "Toy Story"
    assert dataset.catalogue.attributes[0] == {"year": ("1995",), "genre": ("Animation", "Children's", "Comedy")}


def test_the_folder_and_its_inter_file_are_the_same_data_set(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert import_recbole(folder, OPTIONS).hash == import_recbole(folder / "x.inter", OPTIONS).hash


def test_items_are_in_time_order_and_named_by_their_id_without_an_item_file(tmp_path: Path) -> None:
    dataset = import_recbole(folder_of(tmp_path), OPTIONS)
    assert dataset.catalogue.titles == ("a", "b")
    assert dataset.splits[Split.TRAIN][0].items == (0, 1)


def test_token_columns_are_attributes_and_numbers_are_not(tmp_path: Path) -> None:
    item = 'item_id:token\tname:token_seq\tgenres:token_seq\tprice:float\nb\t"B" side\tx y\t3\na\tA\t\t1\n'
    catalogue = import_recbole(folder_of(tmp_path, item=item), OPTIONS).catalogue
    assert catalogue.titles == ('"B" side', "A")
    assert catalogue.attributes == ({"genre": ("x", "y")}, {})


def test_an_item_that_the_item_file_lacks_is_kept_and_noted(tmp_path: Path) -> None:
    dataset = import_recbole(folder_of(tmp_path, item="item_id:token\ttitle:token_seq\na\tA\n"), OPTIONS)
    assert dataset.catalogue.titles == ("A", "b")
    assert dataset.notes["without title"] == "1 items are not in x.item"


@pytest.mark.parametrize(
    ("inter", "message"),
    [
        ("", r"x\.inter: it is empty"),
        ("user_id\titem_id\ttimestamp\nu\ta\t1\n", r"got column 'user_id', expected name:type"),
        ("user_id:token\titem_id:word\ttimestamp:float\nu\ta\t1\n", r"got column 'item_id:word'"),
        ("user_id:token\titem_id:token\nu\ta\n", r"no timestamp column"),
        ("user_id:token\titem_id:token\titem_id:float\nu\ta\t1\n", r"column 'item_id' occurs twice"),
        (INTER + "u\ta\tx\n", r"x\.inter, line 4: timestamp is 'x'"),
        (INTER + "\ta\t1\n", r"x\.inter, line 4: user_id is empty"),
        (INTER + "u\ta\t1\t1\n", r"x\.inter, line 4: got 4 fields, expected 3"),
    ],
)
def test_a_malformed_inter_file_is_one_clear_line(tmp_path: Path, inter: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        import_recbole(folder_of(tmp_path, inter), OPTIONS)


def test_an_item_that_is_described_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"x\.item, line 3: item 'a' occurs twice"):
        import_recbole(folder_of(tmp_path, item="item_id:token\na\na\n"), OPTIONS)


def test_a_folder_without_an_inter_file_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected one \*\.inter file, got none"):
        import_recbole(tmp_path, OPTIONS)
