"""`afl runs`: what has been run."""

from afl.settings import Settings
from memory.records import RunSummary
from memory.store import Store
from simulations.execution.asynchrony import wait_for


def runs(*, db: str | None = None, settings: Settings | None = None) -> list[RunSummary]:
    """Every run in the database, newest first."""
    return wait_for(_runs(db or (settings or Settings()).db_url))


async def _runs(url: str) -> list[RunSummary]:
    async with await Store.open(url) as store:
        return await store.runs()
