"""`afl export`: a run as JSON lines, equal bytes for equal results."""

from pathlib import Path
from typing import NamedTuple

from afl.settings import Settings
from memory.export import write_export
from memory.store import Store
from simulations.execution.asynchrony import wait_for


class Exported(NamedTuple):
    """What was written."""

    run: str
    out: str
    lines: int


def export(run: str, *, out: str | Path, db: str | None = None, settings: Settings | None = None) -> Exported:
    """Writes one line per request of the run's sessions to `out`, whole or not at all. Raises `NotFoundError`."""
    return wait_for(_export(run, Path(out), db or (settings or Settings()).db_url))


async def _export(name: str, out: Path, url: str) -> Exported:
    async with await Store.open(url) as store:
        return Exported(name, str(out), await write_export(await store.run(name), out))
