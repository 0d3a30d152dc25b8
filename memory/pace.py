"""How many requests of a run were under way at once, when that changed and why."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from afl.types import ConcurrencyChange
from memory.schema import pace


def pace_rows(run: int, changes: Sequence[ConcurrencyChange]) -> list[dict[str, Any]]:
    """The changes as rows."""
    return [{"run": run, **change._asdict()} for change in changes]


async def read_pace(connection: AsyncConnection, run: int) -> list[ConcurrencyChange]:
    """Every change over all continuations, in the order of time; each continuation begins with `begun`."""
    columns = [pace.c[name] for name in ConcurrencyChange._fields]
    query = select(*columns).where(pace.c.run == run).order_by(pace.c.id)
    return [ConcurrencyChange(*row) for row in await connection.execute(query)]
