"""Writes folders of results whole or not at all; a page only in place of an earlier page."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from afl.errors import StorageError, UsageError
from simulations.document.rendering import GENERATOR

PAGE, TEXT, FIGURES = "report.html", "report.md", "figures"
_MARK = f'<meta name="generator" content="{GENERATOR}">'
_FIGURE_SUFFIXES = (".svg", ".png")


def require_free(folder: Path) -> None:
    """Raises `UsageError` where the folder holds anything but an earlier page."""
    if not folder.exists() and not folder.is_symlink():
        return
    try:
        foreign = next(iter(_foreign(folder)), None)
    except OSError as error:
        raise StorageError(f"--out {folder}: cannot be read ({error.strerror or error})") from None
    if foreign is not None:
        raise UsageError(
            f"--out {folder}: it holds {foreign}, which is no report of AFL's, and would be lost; "
            "name a new folder, or one with a report to replace"
        )


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """The folder with exactly these files, in place of an earlier page; on failure it stays as it was.

    Raises `UsageError` where something else is there, `StorageError` where it cannot be written.
    """
    require_free(folder)
    try:
        with replaced_folder(folder) as new:
            for path, content in files.items():
                target = new / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
    except OSError as error:
        raise StorageError(f"--out {folder}: cannot be written ({error.strerror or error})") from None


@contextmanager
def replaced_folder(folder: Path) -> Iterator[Path]:
    """A new folder to fill; it replaces `folder` in the end, which stays as it was on failure.

    Raises `OSError` where nothing can be written next to it.
    """
    folder = folder.resolve()
    folder.parent.mkdir(parents=True, exist_ok=True)
    parent = tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent, ignore_cleanup_errors=True)
    with parent as temporary:
        new = Path(temporary) / "new"
        new.mkdir()
        yield new
        _exchange(new, folder, Path(temporary) / "old")


def _exchange(new: Path, folder: Path, old: Path) -> None:
    if not folder.exists():
        os.replace(new, folder)
        return
    os.replace(folder, old)
    try:
        os.replace(new, folder)
    except OSError:
        os.replace(old, folder)
        raise


def _foreign(folder: Path) -> list[str]:
    """What is in the way, in words; empty for an empty folder or one with a page."""
    if not folder.is_dir():
        return ["a file"]
    names = sorted(entry.name for entry in folder.iterdir())
    if not names:
        return []
    others = [name for name in names if name not in (PAGE, TEXT, FIGURES)]
    if not others and (folder / FIGURES).is_dir():
        figures = sorted((folder / FIGURES).iterdir())
        others = [
            f"{FIGURES}/{file.name}"
            for file in figures
            if file.suffix not in _FIGURE_SUFFIXES or not file.is_file()
        ]
    if not others and not _is_page(folder / PAGE):
        others = names
    return others


def _is_page(file: Path) -> bool:
    return file.is_file() and _MARK in file.read_text(encoding="utf-8", errors="replace")[:2000]
