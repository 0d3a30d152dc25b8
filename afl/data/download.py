"""Downloads a data set's files: resumed where they broke off, checked, unpacked; whole or not at all."""

import hashlib
import http.client
import ssl
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from afl.data.sources import Source, SourceFile
from afl.errors import DataError, EndpointError, StorageError
from afl.ports import Progress

SILENCE = 60.0
"""Seconds without a byte after which a source counts as gone."""

_CHUNK = 1 << 18
_BROKEN = (URLError, TimeoutError, ConnectionError, ssl.SSLError)
_PART, _VERSION = ".part", ".version"


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A file that is whole."""

    path: Path
    url: str
    size: int
    sha256: str
    verified_by: str
    """What it was held against."""


def download(
    source: Source, folder: Path, *, progress: Progress, mirror: str | None = None
) -> tuple[DownloadedFile, ...]:
    """The source's files in this folder, archives unpacked beside them; what is there and whole is not asked for again.

    A download that broke off goes on where it stood, if the source still has the same version of the file, else it
    starts over. `mirror` is an address that has files of the same names. Raises `EndpointError` with the way to do it
    by hand where the network says no, `DataError` where a file is not what its owners publish, `StorageError`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fetched = tuple(_whole(file, folder, source, progress, mirror) for file in source.files)
        for file in fetched:
            if file.path.suffix == ".zip":
                _unpack(file.path, folder / file.path.stem)
    except OSError as error:
        if isinstance(error, EndpointError):
            raise
        raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from None
    return fetched


def _whole(
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
            if isinstance(error, OSError) and not isinstance(error, _BROKEN):
                raise
            raise EndpointError(f"{file.url}: {_reason(error)}; try again later, {by_hand}") from None
    return _checked(file, target)


# ---- downloading


def _download(file: SourceFile, target: Path, progress: Progress) -> None:
    """The file at `target`; what came before the line broke stays beside it."""
    part, version = target.with_name(target.name + _PART), target.with_name(target.name + _VERSION)
    known = version.read_text(encoding="utf-8") if version.is_file() else ""
    begun = part.stat().st_size if part.is_file() and known else 0
    # Without a version to hold on to, two halves of different files could be joined.
    headers = {"Range": f"bytes={begun}-", "If-Range": known} if begun else {}
    try:
        reply = urlopen(Request(file.url, headers=headers), timeout=SILENCE)
    except HTTPError as error:
        if error.code != 416 or not begun:
            raise
        part.unlink()
        return _download(file, target, progress)
    with reply:
        resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {begun}-")
        done = begun if resumed else 0
        length = reply.headers.get("Content-Length")
        total = done + int(length) if length else file.size or 0
        version.write_text(_version(reply.headers), encoding="utf-8")
        with part.open("ab" if resumed else "wb") as stream:
            while chunk := reply.read(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                progress(done, total or done, file.name)
    if total and done != total:
        raise ConnectionError(f"it broke off after {done:,} of {total:,} bytes")
    part.replace(target)
    version.unlink()
    return None


def _version(headers: http.client.HTTPMessage) -> str:
    """What tells one version of a file from the next; nothing where the source does not say."""
    tag = headers.get("ETag", "")
    return tag if tag and not tag.startswith("W/") else headers.get("Last-Modified", "")


def _reason(error: Exception) -> str:
    if isinstance(error, HTTPError):
        return f"answered {error.code} {error.reason}"
    if isinstance(error, URLError):
        return f"cannot be reached ({error.reason})"
    return str(error) or type(error).__name__


# ---- checking, unpacking


def _checked(file: SourceFile, path: Path) -> DownloadedFile:
    size = path.stat().st_size
    if file.size is not None and size != file.size:
        raise _wrong(path, f"{size:,} bytes, expected {file.size:,}")
    sha256, md5 = _digests(path)
    for name, got, expected in (("MD5", md5, file.md5), ("SHA-256", sha256, file.sha256)):
        if expected is not None and got != expected:
            raise _wrong(path, f"{name} {got}, expected {expected}")
    kinds = [name for name, known in (("size", file.size), ("MD5", file.md5), ("SHA-256", file.sha256)) if known]
    hashed = file.md5 or file.sha256
    told = f"{' and '.join(kinds)} ({file.recorded})" if hashed else "no hash is published; its SHA-256 is shown"
    return DownloadedFile(path, file.url, size, sha256, told)


def _wrong(path: Path, difference: str) -> DataError:
    path.replace(path.with_name(path.name + ".wrong"))
    return DataError(
        f"{path}: got {difference}; it is kept as {path.name}.wrong, and the same command starts over"
    )


def _digests(path: Path) -> tuple[str, str]:
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            sha256.update(chunk)
            md5.update(chunk)
    return sha256.hexdigest(), md5.hexdigest()


def _unpack(archive: Path, folder: Path) -> None:
    """The archive's files in this folder; the only folder in it, if there is one, takes its place."""
    if folder.is_dir():
        return
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as beside:
        try:
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(Path(beside) / "all")  # which keeps to the folder, whatever names say
        except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error) as error:
            raise _wrong(archive, f"no readable archive ({error})") from None
        inside = list((Path(beside) / "all").iterdir())
        only = inside[0] if len(inside) == 1 and inside[0].is_dir() else Path(beside) / "all"
        only.replace(folder)
