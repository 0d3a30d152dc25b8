"""Opens the database of a command that only reads and writes it, and closes it again."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from simulations.execution.asynchrony import wait_for

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store

T = TypeVar("T")


def with_store(db: str | None, settings: "Settings | None", use: "Callable[[Store], Awaitable[T]]") -> T:
    """The result of `use` of the database `db`, or of that of the settings. Raises `StorageError`."""
    from afl.settings import Settings
    from memory.store import Store

    async def opened() -> T:
        async with await Store.open(db or (settings or Settings()).db_url) as store:
            return await use(store)

    return wait_for(opened())
