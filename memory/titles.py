"""Titles of the items on candidate lists: one compressed row for all runs that show the same titles."""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from memory.codec import compress, decompress, from_json, to_json
from memory.schema import runs, titles


def titles_row(by_item: Mapping[int, str] | None) -> dict[str, Any] | None:
    """The row that holds these titles, under their hash; None where there are none to store."""
    if by_item is None:
        return None
    items = sorted(by_item)
    data = to_json([items, [by_item[item] for item in items]])
    return {"hash": hashlib.sha256(data).hexdigest(), "titles": compress(data)}


async def read_titles(connection: AsyncConnection, run: int) -> dict[int, str] | None:
    """Item number -> title, for the items on a run's lists; None for a run whose titles are not stored."""
    query = select(titles.c.titles).join(runs, runs.c.titles == titles.c.hash).where(runs.c.id == run)
    data = (await connection.execute(query)).scalar()
    return None if data is None else dict(zip(*from_json(decompress(data)), strict=True))
