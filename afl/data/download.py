"""Downloads the files of a data set: resumable, verified, unpacked."""

import hashlib
import http.client
import re
import ssl
import tempfile
import tomllib
import zipfile
import zlib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from afl.errors import DataError, EndpointError, StorageError, UsageError, unknown_name
from afl.plugins import parse_spec
from afl.ports import Progress

_CATEGORY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to download, with its expected size and hashes."""

    url: str
    size: int | None = None
    """Bytes."""
    md5: str | None = None
    sha256: str | None = None
    recorded: str = "published beside the file"
    """Origin of the hash."""

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Source:
    """A public data set."""

    name: str
    """The name of its folder: `ml-1m`, `amazon-2023-Video_Games`."""
    format: str
    """The importer that reads it."""
    page: str
    """The web page of its owners, for manual download."""
    licence: str
    citation: str
    files: tuple[SourceFile, ...]


def source_names() -> list[str]:
    """The names of all sources; `amazon-2023:CATEGORY` for those divided by category."""
    table = _table()["source"]
    return [f"{name}:CATEGORY" if "category" in table[name] else name for name in sorted(table)]


def find_source(spec: str) -> Source:
    """The source of this name. Raises `NotFoundError` with similar names, `UsageError` for a wrong category."""
    name, category = parse_spec(spec)
    table = _table()
    if name not in table["source"]:
        raise unknown_name("source", name, source_names())
    entry = table["source"][name]
    example = entry.get("category")
    if (category is None) != (example is None) or (category and not _CATEGORY.fullmatch(category)):
        raise UsageError(f"got {spec!r}, expected {f'{name}:CATEGORY, as {name}:{example}' if example else name}")
    return Source(
        name=f"{name}-{category}" if category else name,
        format=entry["format"],
        page=entry["page"],
        licence=table["licence"][entry["terms"]],
        citation=table["citation"][entry.get("citation", entry["terms"])],
        files=tuple(
            SourceFile(**{**file, "url": file["url"].replace("{category}", category or "")})
            for file in entry["files"]
        ),
    )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("afl.data").joinpath("sources.toml").read_text(encoding="utf-8"))


TIMEOUT = 60.0
"""Seconds without data after which a download fails."""

_CHUNK = 1 << 18
_CONNECTION_ERRORS = (URLError, TimeoutError, ConnectionError, ssl.SSLError)
_PART, _VERSION = ".part", ".version"


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A complete, verified file."""

    path: Path
    url: str
    size: int
    sha256: str
    verified_by: str
    """The published properties it was compared with."""


def download(
    source: Source, folder: Path, *, progress: Progress, mirror: str | None = None
) -> tuple[DownloadedFile, ...]:
    """The source's files in this folder, archives unpacked next to them; complete files are not downloaded again.

    An interrupted download is resumed if the source still has the same version of the file, else it starts over.
    `mirror` is the address of a copy with the same file names. Raises `EndpointError` with instructions for a manual
    download where the network fails, `DataError` where a file differs from the published one, `StorageError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        files = tuple(_fetch(file, folder, source, progress, mirror) for file in source.files)
        for file in files:
            if file.path.suffix == ".zip":
                _unpack(file.path, folder / file.path.stem)
    except OSError as error:
        if isinstance(error, EndpointError):
            raise
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return files


def _fetch(
    file: SourceFile, folder: Path, source: Source, progress: Progress, mirror: str | None
) -> DownloadedFile:
    target = folder / file.name
    if mirror:
        file = replace(file, url=f"{mirror.rstrip('/')}/{file.name}")
    if not target.is_file():
        by_hand = (
            f"or get it by other means (see {source.page}), put it at {target} and run the same command again"
        )
        try:
            _download(file, target, progress)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if isinstance(error, OSError) and not isinstance(error, _CONNECTION_ERRORS):
                raise
            raise EndpointError(f"{file.url}: {_reason(error)}; try again later, {by_hand}") from None
    return _verify(file, target)


# ---- downloading


def _download(file: SourceFile, target: Path, progress: Progress) -> None:
    """Downloads to `target`; after an interruption the partial file stays next to it."""
    part, version = target.with_name(target.name + _PART), target.with_name(target.name + _VERSION)
    known_version = version.read_text(encoding="utf-8") if version.is_file() else ""
    start = part.stat().st_size if part.is_file() and known_version else 0
    # Without a version, parts of different files could be joined.
    headers = {"Range": f"bytes={start}-", "If-Range": known_version} if start else {}
    try:
        reply = urlopen(Request(file.url, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        if error.code != 416 or not start:
            raise
        part.unlink()
        return _download(file, target, progress)
    with reply:
        resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        done = start if resumed else 0
        length = reply.headers.get("Content-Length")
        total = done + int(length) if length else file.size or 0
        version.write_text(_version(reply.headers), encoding="utf-8")
        with part.open("ab" if resumed else "wb") as stream:
            while chunk := reply.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                progress(done, total or done, file.name)
    if total and done != total:
        raise ConnectionError(f"the connection was closed after {done:,} of {total:,} bytes")
    part.replace(target)
    version.unlink()
    return None


def _version(headers: http.client.HTTPMessage) -> str:
    """The version of the file (ETag or Last-Modified); empty where the server gives none."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"answered {error.code} {error.reason}"
    if isinstance(error, URLError):
        return f"cannot be reached ({error.reason})"
    return str(error) or type(error).__name__


# ---- verification, unpacking


def _verify(file: SourceFile, path: Path) -> DownloadedFile:
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise _mismatch(path, f"{size:,} bytes, expected {file.size:,}")
    sha256, md5 = _digests(path)
    for name, got, expected in (("MD5", md5, file.md5), ("SHA-256", sha256, file.sha256)):
        if expected is not None and got != expected:
            raise _mismatch(path, f"{name} {got}, expected {expected}")
    checks = [
        name
        for name, expected_value in (("size", file.size), ("MD5", file.md5), ("SHA-256", file.sha256))
        if expected_value
    ]
    hashed = file.md5 or file.sha256
    verified_by = (
        f"{' and '.join(checks)} ({file.recorded})" if hashed else "no hash is published; its SHA-256 is shown"
    )
    return DownloadedFile(path, file.url, size, sha256, verified_by)


def _mismatch(path: Path, difference: str) -> DataError:
    path.replace(path.with_name(path.name + ".wrong"))
    return DataError(
        f"{path}: got {difference}; the file is now {path.name}.wrong, rerun the command to download it again"
    )


def _digests(path: Path) -> tuple[str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            sha256.update(chunk)
            md5.update(chunk)
    return sha256.hexdigest(), md5.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """Unpacks the archive into this folder, without the top folder if the archive has a single one."""
    if folder.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as temporary:
        try:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(
                    Path(temporary) / "all"
                )  # which never leaves the folder, whatever the member names
        except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
            raise _mismatch(archive, f"an unreadable archive ({error})") from None
        inside = list((Path(temporary) / "all").iterdir())
        only = inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(temporary) / "all"
        only.replace(folder)
