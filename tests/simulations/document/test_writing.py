"""A page takes its place whole or not at all, and never in place of something else."""

from pathlib import Path

import pytest

from afl.errors import StorageError, UsageError
from simulations.document.page import Page
from simulations.document.rendering import files_of
from simulations.document.writing import write

FILES = files_of(Page("A page", (), ()))


def test_a_page_replaces_a_page_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    write({**FILES, "figures/old.svg": b"<svg/>"}, tmp_path / "r")
    write(FILES, tmp_path / "r")
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["report.html", "report.md"]
    assert [path.name for path in tmp_path.iterdir()] == ["r"]


def test_an_empty_folder_and_a_new_one_below_new_ones_are_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(FILES, tmp_path / "empty")
    write(FILES, tmp_path / "a" / "b")
    assert (tmp_path / "empty" / "report.html").exists()
    assert (tmp_path / "a" / "b" / "report.html").exists()


@pytest.mark.parametrize("name", ["thesis.tex", "report.html", "figures/mine.pdf"])
def test_other_files_of_the_folder_are_named_and_not_removed(name: str, tmp_path: Path) -> None:
    mine = tmp_path / "r" / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(UsageError, match=f"it holds {name}, which is no report of AFL's"):
        write(FILES, tmp_path / "r")
    assert mine.read_text() == "mine"


def test_a_file_next_to_an_earlier_page_is_not_removed(tmp_path: Path) -> None:
    write(FILES, tmp_path / "r")
    (tmp_path / "r" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"it holds notes\.txt"):
        write(FILES, tmp_path / "r")


def test_a_file_in_place_of_the_folder_is_not_removed(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("mine")
    with pytest.raises(UsageError, match="it holds a file"):
        write(FILES, tmp_path / "r")


def test_a_place_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StorageError, match="cannot be written"):
        write(FILES, tmp_path / "file" / "r")


def test_a_page_that_cannot_be_finished_leaves_the_earlier_one(tmp_path: Path) -> None:
    write(FILES, tmp_path / "r")
    before = (tmp_path / "r" / "report.html").read_bytes()
    with pytest.raises(StorageError):
        write({"report.md": b"new", "report.md/below": b"impossible"}, tmp_path / "r")
    assert (tmp_path / "r" / "report.html").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
