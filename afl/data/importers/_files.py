"""Opens files and folders given by the user: one clear error where they are missing or not text."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from afl.errors import DataError, UsageError


def existing_path(path: Path | None, format: str) -> Path:
    """The path, which must exist."""
    if path is None:
        raise UsageError(f"format {format!r} needs a path: afl data import {format} PATH --name NAME")
    try:
        exists = path.exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        raise DataError(f"{path}: there is no such file or folder")
    return path


def data_folder(path: Path | None, format: str) -> Path:
    """The path, which must be a folder."""
    folder = existing_path(path, format)
    if not folder.is_dir():
        raise DataError(f"{folder}: got a file, expected the folder that holds the data set")
    return folder


def only_file(folder: Path, pattern: str) -> Path:
    """The only file of the folder whose name matches."""
    files = sorted(file for file in folder.glob(pattern) if file.is_file())
    if len(files) != 1:
        names = ", ".join(file.name for file in files) or "none"
        raise DataError(f"{folder}: expected one {pattern} file, got {names}")
    return files[0]


def folder_with(path: Path | None, format: str, filename: str) -> Path:
    """The folder that holds the file `filename`: the path, its only such subfolder, or the folder of a given file."""
    source = existing_path(path, format)
    folder = source if source.is_dir() else source.parent
    if (folder / filename).is_file():
        return folder
    inside = [entry for entry in entries_of(folder) if (entry / filename).is_file()]
    if len(inside) != 1 or folder != source:
        raise DataError(f"{folder}: {filename} is missing")
    return inside[0]


def entries_of(folder: Path) -> list[Path]:
    """The entries of this folder, sorted by name."""
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from None


@contextmanager
def reading(file: Path) -> Iterator[IO[bytes]]:
    """The file's bytes as a stream, decompressed if it is gzip; `DataError` where it cannot be read to its end."""
    try:
        with gzip.open(file) if is_gzip(file) else file.open("rb") as stream:
            yield cast(IO[bytes], stream)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{file}: damaged or incomplete gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from None


def is_gzip(file: Path) -> bool:
    """Whether the file begins with the magic bytes of gzip."""
    with file.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def first_line_of(file: Path) -> str:
    """The first line, without a byte order mark."""
    with reading(file) as stream:
        return stream.readline().decode("utf-8", "replace").removeprefix("\ufeff").strip()


def encoding_of(file: Path) -> str:
    """UTF-8 where the file is valid UTF-8, else ISO-8859-1, the encoding of older releases."""
    try:
        content_of(file).decode("utf-8")
    except UnicodeDecodeError:
        return "iso-8859-1"
    return "utf-8"


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
