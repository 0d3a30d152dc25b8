"""`afl runs`: the runs of a database."""

from typing import TYPE_CHECKING, Annotated

from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.records import RunSummary


def runs(*, db: Annotated[str | None, DB] = None, settings: "Settings | None" = None) -> "list[RunSummary]":
    """List the runs in the database, newest first."""
    return with_store(db, settings, lambda store: store.runs())
