"""Opening what a user named: one clear line where it is not there or not text."""

from collections.abc import Iterator
from pathlib import Path

from afl.errors import DataError, UsageError


def given_path(path: Path | None, format: str) -> Path:
    """The path, which must be there."""
    if path is None:
        raise UsageError(f"format {format!r} needs a path: afl data import {format} PATH --name NAME")
    try:
        found = path.exists()
    except (OSError, ValueError):
        found = False
    if not found:
        raise DataError(f"{path}: there is no such file or folder")
    return path


def data_folder(path: Path | None, format: str) -> Path:
    """The path, which must be a folder."""
    folder = given_path(path, format)
    if not folder.is_dir():
        raise DataError(f"{folder}: got a file, expected the folder that holds the data set")
    return folder


def only_file(folder: Path, pattern: str) -> Path:
    """The one file of the folder whose name fits."""
    found = sorted(file for file in folder.glob(pattern) if file.is_file())
    if len(found) != 1:
        there = ", ".join(file.name for file in found) or "none"
        raise DataError(f"{folder}: expected one {pattern} file, got {there}")
    return found[0]


def content_of(file: Path) -> bytes:
    """The file's bytes."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None


def text_of(file: Path, *, encoding: str = "utf-8") -> str:
    """The file's text without a byte order mark; `DataError` names the line that is not in this encoding."""
    content = content_of(file)
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{file}, line {line}: not valid {encoding.upper()} text; save the file as UTF-8"
        ) from None


def lines_of(file: Path, *, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Line numbers from 1, and lines that are not blank."""
    # Not splitlines(): names may hold the other characters it breaks at.
    lines = text_of(file, encoding=encoding).split("\n")
    return ((number, line.rstrip("\r")) for number, line in enumerate(lines, 1) if line.strip())
