"""`afl view`: runs, dialogues and comparisons in the browser, or as a site of files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from afl.extras import require_extra
from afl.settings import Settings
from memory.store import Store
from simulations.execution.asynchrony import wait_for
from simulations.progress import Unwatched, Watching
from simulations.viewer.urls import ServedUrls

if TYPE_CHECKING:
    from simulations.viewer.site_export import ExportedSite


def view(
    runs: Sequence[str] = (),
    *,
    export: str | Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7576,
    browser: bool = True,
    db: str | None = None,
    settings: Settings | None = None,
    opened: Callable[[str], None] | None = None,
    watch: Watching | None = None,
) -> "ExportedSite | None":
    """Shows the database in the browser until Ctrl-C; nothing is written to it.

    With `runs` the browser begins at this run, or at the comparison of several. `opened` is told the address once
    pages are answered, and prints it by default; a `host` other than this machine's own makes a token, which is in it.

    With `export` the same pages are written into that folder as a site that opens from disk, about these runs or
    all of them, and returned is what was written.

    Raises `UsageError` for a port that is taken, a folder that holds something else, a missing extra; `StorageError`
    for a database that is not there; `NotFoundError` for a run that is not.
    """
    require_extra("viewer", "the viewer")
    settings = settings or Settings()
    url, names = db or settings.db_url, tuple(dict.fromkeys(runs))
    wait_for(_require(url, names))
    if export is not None:
        return _exported(url, names, Path(export), settings, watch or Unwatched())
    _serve(url, _first(names), host, port, browser, settings, opened or _told)
    return None


async def _require(url: str, names: Sequence[str]) -> None:
    """Before a port or a folder is touched."""
    async with await Store.open_for_reading(url) as store:
        for name in names:
            await store.run(name)


def _first(names: Sequence[str]) -> str:
    urls = ServedUrls()
    return urls.runs() if not names else urls.run(names[0]) if len(names) == 1 else urls.compare(names)


def _exported(url: str, names: Sequence[str], folder: Path, settings: Settings, watch: Watching) -> "ExportedSite":
    from simulations.viewer import site_export

    with watch.bar(f"pages into {folder}") as bar:
        return wait_for(site_export.export(url, folder, runs=names, datasets=settings.data_dir, progress=bar))


def _serve(
    url: str, path: str, host: str, port: int, browser: bool, settings: Settings, opened: Callable[[str], None]
) -> None:
    from simulations.viewer import server

    def begin(address: server.Address) -> None:
        opened(address.url(path))
        if browser:
            server.open_browser(address.url(path))

    server.serve(url, datasets=settings.data_dir, host=host, port=port, opened=begin)


def _told(address: str) -> None:
    print(f"{address} (Ctrl-C ends it)", flush=True)
