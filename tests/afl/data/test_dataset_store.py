import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.dataset_store import DatasetStore, describe
from afl.data.domains import get_domain
from afl.errors import ConflictError, DataError, NotFoundError, StorageError, UsageError


@pytest.fixture
def store(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path / "data")


@pytest.fixture
def stored(store: DatasetStore, small: Dataset) -> Path:
    """The folder of the saved data set."""
    store.save(small)
    return store.root / "small"


def test_what_is_loaded_is_what_was_saved(store: DatasetStore, small: Dataset) -> None:
    store.save(small)
    loaded = store.load("small")
    assert loaded.hash == small.hash
    assert loaded.catalogue == small.catalogue
    assert [list(loaded.splits[split]) for split in Split] == [list(small.splits[split]) for split in Split]
    assert (loaded.name, loaded.format, loaded.domain, loaded.notes) == ("small", "csv", small.domain, small.notes)


def test_candidate_lists_of_the_source_are_kept(store: DatasetStore, small: Dataset) -> None:
    test = Sequences.of([replace(s, candidates=(s.items[-1], 40)) for s in small.splits[Split.TEST]])
    store.save(replace(small, splits={**small.splits, Split.TEST: test}))
    assert list(store.load("small").splits[Split.TEST]) == list(test)


def test_names_are_sorted(store: DatasetStore, small: Dataset) -> None:
    store.save(replace(small, name="b"))
    store.save(replace(small, name="A-1.0_x"))
    assert store.names() == ["A-1.0_x", "b"]


def test_a_store_that_does_not_exist_yet_is_empty(store: DatasetStore) -> None:
    assert store.names() == []


def test_saving_equal_content_again_changes_nothing(store: DatasetStore, stored: Path, small: Dataset) -> None:
    before = (stored / "dataset.json").stat().st_mtime_ns
    store.save(small)
    assert (stored / "dataset.json").stat().st_mtime_ns == before


def test_other_content_under_a_name_that_exists_is_a_conflict(
    store: DatasetStore, stored: Path, small: Dataset
) -> None:
    with pytest.raises(ConflictError, match=r"'small' exists with other content.*afl data remove small"):
        store.save(replace(small, domain=get_domain("movie")))


def test_other_content_replaces_when_asked(store: DatasetStore, stored: Path, small: Dataset) -> None:
    store.save(replace(small, domain=get_domain("movie")), replace=True)
    assert store.load("small").domain.name == "movie"
    assert os.listdir(store.root) == ["small"]


def test_a_save_that_fails_leaves_nothing_behind(store: DatasetStore, small: Dataset) -> None:
    with pytest.raises(TypeError):
        store.save(replace(small, notes={"unwritable": object()}))  # type: ignore[dict-item]
    assert os.listdir(store.root) == []


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path, small: Dataset) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        DatasetStore(tmp_path / "file").save(small)


def test_an_unknown_name_lists_what_there_is(store: DatasetStore, stored: Path) -> None:
    with pytest.raises(NotFoundError, match="no data set is called 'big'; available: small"):
        store.load("big")


def test_an_unknown_name_in_an_empty_store_says_how_to_import(store: DatasetStore) -> None:
    with pytest.raises(NotFoundError, match="available: none; import one first"):
        store.load("big")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "two words", "line\n"])
def test_a_name_that_is_no_name_is_refused(store: DatasetStore, small: Dataset, name: str) -> None:
    with pytest.raises(UsageError, match="as the name of a data set"):
        store.save(replace(small, name=name))


def test_a_removed_data_set_is_gone(store: DatasetStore, stored: Path) -> None:
    store.remove("small")
    assert os.listdir(store.root) == []


def test_removing_what_is_not_there_says_so(store: DatasetStore) -> None:
    with pytest.raises(NotFoundError, match="no data set is called"):
        store.remove("small")


@pytest.mark.parametrize("file", ["dataset.json", "catalogue.parquet", "train.parquet", "test.parquet"])
def test_a_truncated_file_is_one_clear_line(store: DatasetStore, stored: Path, file: str) -> None:
    content = (stored / file).read_bytes()
    (stored / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"stored data set is damaged .*afl data remove small"):
        store.load("small")


def test_a_missing_file_is_named(store: DatasetStore, stored: Path) -> None:
    (stored / "valid.parquet").unlink()
    with pytest.raises(DataError, match=r"valid\.parquet is missing"):
        store.load("small")


def test_content_that_was_changed_is_noticed(store: DatasetStore, stored: Path) -> None:
    (stored / "train.parquet").write_bytes((stored / "test.parquet").read_bytes())
    with pytest.raises(DataError, match=r"train\.parquet has changed since it was saved"):
        store.load("small")


def test_a_wording_that_was_changed_is_noticed(store: DatasetStore, stored: Path) -> None:
    head = (stored / "dataset.json").read_text()
    (stored / "dataset.json").write_text(head.replace("choose", "drop"))
    with pytest.raises(DataError, match="its content has changed since it was saved"):
        store.load("small")


def test_a_later_layout_is_not_guessed_at(store: DatasetStore, stored: Path) -> None:
    head = json.loads((stored / "dataset.json").read_text())
    (stored / "dataset.json").write_text(json.dumps(head | {"version": 2}))
    with pytest.raises(DataError, match="saved in layout 2, this AFL reads 1"):
        store.load("small")


def test_a_renamed_folder_is_a_renamed_data_set(store: DatasetStore, stored: Path) -> None:
    stored.rename(store.root / "other")
    assert store.load("other").name == "other"


def test_info_counts_what_there_is(store: DatasetStore, stored: Path, small: Dataset) -> None:
    info = store.info("small")
    assert info == describe(small)
    assert info.sequences == {"train": 9, "valid": 0, "test": 3}
    assert info.rows == {"train": 9, "valid": 0, "test": 3}
    assert (info.items, info.interactions, info.attributes, info.domain) == (50, 91, ("genre",), "item")
