"""The viewer's pages as files; every page that a page links to is written, so that no link is broken."""

import asyncio
import json
import shutil
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from fastapi import FastAPI, Request

from afl.errors import NotFoundError, StorageError, UsageError
from memory.records import RunSummary
from memory.run import Run
from memory.store import Store
from simulations.document.writing import replaced_folder
from simulations.viewer.app import PLOTLY, STATIC, create_app
from simulations.viewer.urls import FileUrls, ServedUrls, Urls

MANIFEST = "afl-site.json"
"""The list of an export's runs and files."""

Progress = Callable[[int, int, str], None]


class ExportedSite(NamedTuple):
    """The result of an export."""

    out: str
    runs: tuple[str, ...]
    """Those named; empty for all."""
    files: tuple[str, ...]
    """Below `out`, sorted."""
    size: int
    """Bytes."""

    def to_json(self) -> dict[str, Any]:
        """The object of `view --export DIR --json`."""
        return {"out": self.out, "runs": list(self.runs), "files": len(self.files), "bytes": self.size}


async def export(
    url: str, folder: Path, *, runs: Collection[str] = (), datasets: Path | None = None, progress: Progress
) -> ExportedSite:
    """Writes every page of the database at `url` that is about `runs`, all by default, into `folder`.

    Whole or not at all; an earlier export in its place is replaced. Raises `UsageError` for a folder that holds
    anything else, `StorageError` where it cannot be written, `NotFoundError` for a run that is not there.
    """
    require_free(folder)
    pages = _Pages(url, runs, datasets)
    try:
        with replaced_folder(folder) as new:
            await pages.write(new, progress)
            _copy_static(new / "static")
            files = tuple(sorted([*_files(new), MANIFEST]))
            listed = {"runs": sorted(runs), "files": files}
            (new / MANIFEST).write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")
            size = sum((new / file).stat().st_size for file in files)
    except StorageError:
        raise
    except OSError as error:
        raise StorageError(f"--export {folder}: cannot be written ({error.strerror or error})") from None
    return ExportedSite(str(folder), tuple(runs), files, size)


class _StoreOfRuns(Store):
    """A database of which only some runs are visible."""

    names: frozenset[str] = frozenset()

    async def runs(self) -> list[RunSummary]:
        return [summary for summary in await super().runs() if summary.name in self.names]

    async def run(self, name: str) -> Run:
        if name not in self.names:
            raise NotFoundError(f"the run {name!r} is not among those that were exported")
        return await super().run(name)


class _Pages:
    """Requests a page of the app, writes it, and collects its links."""

    def __init__(self, url: str, runs: Collection[str], datasets: Path | None) -> None:
        self._runs = frozenset(runs)
        self._app = create_app(
            url, datasets=datasets, hosts=["site"], urls=self._urls, store=self._open, patience=None
        )
        self._to_write: dict[str, str] = {}
        self._seen: set[str] = set()

    def _want(self, file: str, address: str) -> None:
        if file not in self._seen:
            self._seen.add(file)
            self._to_write[file] = address

    async def _open(self, url: str) -> Store:
        if not self._runs:
            return await Store.open_for_reading(url)
        store = await _StoreOfRuns.open_for_reading(url)
        store.names = self._runs
        return store

    def _urls(self, request: Request) -> Urls:
        return FileUrls(request.scope["file"], self._want)

    async def write(self, folder: Path, progress: Progress) -> None:
        self._want("index.html", ServedUrls().runs())
        async with self._app.router.lifespan_context(self._app):
            while self._to_write:
                file, address = self._to_write.popitem()
                target = folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(await _response_body(self._app, file, address))
                done = len(self._seen) - len(self._to_write)
                progress(done, len(self._seen), file)


async def _response_body(app: FastAPI, file: str, address: str) -> bytes:
    """The page at this address; that something does not exist is a page, too."""
    path, _, query = address.partition("?")
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("ascii"),
        "query_string": query.encode("ascii"),
        "root_path": "",
        "headers": [(b"host", b"site")],
        "file": file,
    }
    messages: list[Any] = []

    async def nothing() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def collect(message: Any) -> None:
        messages.append(message)

    await app(scope, nothing, collect)
    if messages[0]["status"] >= 500:
        raise StorageError(f"{address}: the page could not be made; `afl view` shows why")
    return b"".join(message.get("body", b"") for message in messages)


def _copy_static(folder: Path) -> None:
    folder.mkdir()
    for file in (*STATIC.iterdir(), PLOTLY):
        shutil.copyfile(file, folder / file.name)


def require_free(folder: Path) -> None:
    """Raises `UsageError` where the folder holds anything but an earlier export."""
    if not folder.exists() and not folder.is_symlink():
        return
    try:
        foreign = "a file" if not folder.is_dir() else next(iter(sorted(_foreign(folder))), None)
    except OSError as error:
        raise StorageError(f"--export {folder}: cannot be read ({error.strerror or error})") from None
    if foreign is not None:
        raise UsageError(
            f"--export {folder}: it holds {foreign}, which no export wrote, and would be lost; "
            "name a new folder, or one with an export to replace"
        )


def _foreign(folder: Path) -> set[str]:
    return _files(folder) - _listed(folder / MANIFEST)


def _files(folder: Path) -> set[str]:
    """Everything in it but folders, relative to it."""
    return {
        file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_symlink() or not file.is_dir()
    }


def _listed(file: Path) -> set[str]:
    try:
        return set(json.loads(file.read_text(encoding="utf-8"))["files"]) if file.is_file() else set()
    except (ValueError, TypeError, KeyError):
        return set()
