"""`afl view`: runs, dialogues and comparisons in the browser, or as a site of files."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afl.errors import UsageError
from afl.extras import require_extra
from afl.option import OUTPUT, Argument, Option
from simulations.execution.asynchrony import wait_for
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from simulations.progress import Watching
    from simulations.viewer.site_export import ExportedSite


def view(
    runs: Annotated[
        Sequence[str], Argument("Run to begin at, or several to begin at their comparison", "RUN...")
    ] = (),
    *,
    port: Annotated[int, Option("Port of the pages; 0 for any that is free", OUTPUT)] = 7576,
    host: Annotated[
        str, Option("Address to serve at; other machines need the token in the URL", OUTPUT, metavar="ADDRESS")
    ] = "127.0.0.1",
    browser: Annotated[bool, Option("Whether to open the browser", OUTPUT, off="--no-browser")] = True,
    export: Annotated[
        str | Path | None, Option("Folder to write the pages into instead of serving them", OUTPUT, metavar="DIR")
    ] = None,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
    opened: Callable[[str], None] | None = None,
    watch: "Watching | None" = None,
) -> "ExportedSite | None":
    """Show runs, dialogues and comparisons in the browser.

    Pages are served until Ctrl-C. A database of an earlier version is upgraded; nothing else is written to it.

    With `runs` the browser begins at this run, or at the comparison of several. `opened` receives the address once
    the viewer answers requests, and prints it by default; a `host` that other machines can reach makes a token, which
    is part of the address. Without a database the pages say how to make a first run.

    With `export` the same pages are written into that folder as a site that opens from disk, about these runs or
    all of them; returns what was written.

    Raises `UsageError` for a port in use, a folder that holds something else, a missing extra; `StorageError`
    for a missing database, where `runs` or `export` need one; `NotFoundError` for a missing run.
    """
    from afl.settings import Settings
    from simulations.progress import Unwatched

    require_extra("viewer", "the viewer")
    if not 0 <= port <= 65535:
        raise UsageError(f"--port: got {port}, expected 0 to 65535")
    settings = settings or Settings()
    url, names = db or settings.db_url, tuple(dict.fromkeys(runs))
    if export is not None:
        wait_for(_require(url, names))
        return _export(url, names, Path(export), settings, watch or Unwatched())
    with suppress(KeyboardInterrupt):  # closed before it was open
        wait_for(_require(url, names, may_be_missing=not names))
        _serve(url, _first_page(names), host, port, browser, settings, opened or _print_address)
    return None


async def _require(url: str, names: Sequence[str], *, may_be_missing: bool = False) -> None:
    """Raises for a database or a run that is missing, before a port or a folder is touched."""
    from memory.errors import MissingDatabaseError
    from memory.store import Store

    try:
        await Store.upgrade(url)
        async with await Store.open_for_reading(url) as store:
            for name in names:
                await store.run(name)
    except MissingDatabaseError:
        if not may_be_missing:
            raise


def _first_page(names: Sequence[str]) -> str:
    from simulations.viewer.urls import ServedUrls

    urls = ServedUrls()
    return urls.runs() if not names else urls.run(names[0]) if len(names) == 1 else urls.compare(names)


def _export(
    url: str, names: Sequence[str], folder: Path, settings: "Settings", watch: "Watching"
) -> "ExportedSite":
    from simulations.viewer import site_export

    with watch.bar(f"pages into {folder}") as bar:
        return wait_for(site_export.export(url, folder, runs=names, datasets=settings.data_dir, progress=bar))


def _serve(
    url: str, path: str, host: str, port: int, browser: bool, settings: "Settings", opened: Callable[[str], None]
) -> None:
    from simulations.viewer import server

    def on_start(address: server.Address) -> None:
        opened(address.url(path))
        if browser:
            server.open_browser(address.url(path))

    server.serve(url, datasets=settings.data_dir, host=host, port=port, opened=on_start)


def _print_address(address: str) -> None:
    print(f"{address} (press Ctrl-C to stop)", flush=True)
