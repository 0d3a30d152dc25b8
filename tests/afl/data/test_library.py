import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from afl.data.dataset import Dataset, Sequences, Split
from afl.data.domains import domain
from afl.data.library import Library, describe
from afl.errors import ConflictError, DataError, NotFoundError, StorageError, UsageError


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data")


@pytest.fixture
def stored(library: Library, small: Dataset) -> Path:
    """The folder of the saved data set."""
    library.save(small)
    return library.root / "small"


def test_what_is_loaded_is_what_was_saved(library: Library, small: Dataset) -> None:
    library.save(small)
    loaded = library.load("small")
    assert loaded.hash == small.hash
    assert loaded.catalogue == small.catalogue
    assert [list(loaded.splits[split]) for split in Split] == [list(small.splits[split]) for split in Split]
    assert (loaded.name, loaded.format, loaded.domain, loaded.notes) == ("small", "csv", small.domain, small.notes)


def test_candidate_lists_of_the_source_are_kept(library: Library, small: Dataset) -> None:
    test = Sequences.of([replace(s, candidates=(s.items[-1], 40)) for s in small.splits[Split.TEST]])
    library.save(replace(small, splits={**small.splits, Split.TEST: test}))
    assert list(library.load("small").splits[Split.TEST]) == list(test)


def test_names_are_sorted(library: Library, small: Dataset) -> None:
    library.save(replace(small, name="b"))
    library.save(replace(small, name="A-1.0_x"))
    assert library.names() == ["A-1.0_x", "b"]


def test_a_library_that_does_not_exist_yet_is_empty(library: Library) -> None:
    assert library.names() == []


def test_saving_equal_content_again_changes_nothing(library: Library, stored: Path, small: Dataset) -> None:
    before = (stored / "dataset.json").stat().st_mtime_ns
    library.save(small)
    assert (stored / "dataset.json").stat().st_mtime_ns == before


def test_other_content_under_a_name_that_exists_is_a_conflict(
    library: Library, stored: Path, small: Dataset
) -> None:
    with pytest.raises(ConflictError, match=r"'small' exists with other content.*afl data remove small"):
        library.save(replace(small, domain=domain("movie")))


def test_other_content_replaces_when_asked(library: Library, stored: Path, small: Dataset) -> None:
    library.save(replace(small, domain=domain("movie")), replace=True)
    assert library.load("small").domain.name == "movie"
    assert os.listdir(library.root) == ["small"]


def test_a_save_that_fails_leaves_nothing_behind(library: Library, small: Dataset) -> None:
    with pytest.raises(TypeError):
        library.save(replace(small, notes={"unwritable": object()}))  # type: ignore[dict-item]
    assert os.listdir(library.root) == []


def test_a_folder_that_is_a_file_is_one_clear_line(tmp_path: Path, small: Dataset) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        Library(tmp_path / "file").save(small)


def test_an_unknown_name_lists_what_there_is(library: Library, stored: Path) -> None:
    with pytest.raises(NotFoundError, match="no data set is called 'big'; there are: small"):
        library.load("big")


def test_an_unknown_name_in_an_empty_library_says_how_to_import(library: Library) -> None:
    with pytest.raises(NotFoundError, match="there are: none; import one first"):
        library.load("big")


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "two words", "line\n"])
def test_a_name_that_is_no_name_is_refused(library: Library, small: Dataset, name: str) -> None:
    with pytest.raises(UsageError, match="as the name of a data set"):
        library.save(replace(small, name=name))


def test_a_removed_data_set_is_gone(library: Library, stored: Path) -> None:
    library.remove("small")
    assert os.listdir(library.root) == []


def test_removing_what_is_not_there_says_so(library: Library) -> None:
    with pytest.raises(NotFoundError, match="no data set is called"):
        library.remove("small")


@pytest.mark.parametrize("file", ["dataset.json", "catalogue.parquet", "train.parquet", "test.parquet"])
def test_a_truncated_file_is_one_clear_line(library: Library, stored: Path, file: str) -> None:
    content = (stored / file).read_bytes()
    (stored / file).write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"stored data set is damaged .*afl data remove small"):
        library.load("small")


def test_a_missing_file_is_named(library: Library, stored: Path) -> None:
    (stored / "valid.parquet").unlink()
    with pytest.raises(DataError, match=r"valid\.parquet is missing"):
        library.load("small")


def test_content_that_was_changed_is_noticed(library: Library, stored: Path) -> None:
    (stored / "train.parquet").write_bytes((stored / "test.parquet").read_bytes())
    with pytest.raises(DataError, match=r"train\.parquet is not what was saved"):
        library.load("small")


def test_a_wording_that_was_changed_is_noticed(library: Library, stored: Path) -> None:
    head = (stored / "dataset.json").read_text()
    (stored / "dataset.json").write_text(head.replace("choose", "drop"))
    with pytest.raises(DataError, match="it is not what was saved"):
        library.load("small")


def test_a_later_layout_is_not_guessed_at(library: Library, stored: Path) -> None:
    head = json.loads((stored / "dataset.json").read_text())
    (stored / "dataset.json").write_text(json.dumps(head | {"version": 2}))
    with pytest.raises(DataError, match="saved in layout 2, this AFL reads 1"):
        library.load("small")


def test_a_renamed_folder_is_a_renamed_data_set(library: Library, stored: Path) -> None:
    stored.rename(library.root / "other")
    assert library.load("other").name == "other"


def test_info_counts_what_there_is(library: Library, stored: Path, small: Dataset) -> None:
    info = library.info("small")
    assert info == describe(small)
    assert info.sequences == {"train": 9, "valid": 0, "test": 3}
    assert info.rows == {"train": 9, "valid": 0, "test": 3}
    assert (info.items, info.interactions, info.attributes, info.domain) == (50, 91, ("genre",), "item")
