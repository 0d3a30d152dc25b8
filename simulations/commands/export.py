"""`afl export`: a run as JSON lines, equal bytes for equal results."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from afl.option import OUTPUT, Argument, Option
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store


class Exported(NamedTuple):
    """What was written."""

    run: str
    out: str
    lines: int

    def to_json(self) -> dict[str, Any]:
        """The object of `export --json`."""
        return self._asdict()


def export(
    run: Annotated[str, Argument("Name of the run", "RUN")],
    *,
    out: Annotated[str | Path, Option("File to write: JSON lines, UTF-8", OUTPUT, metavar="FILE")],
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> Exported:
    """Write a run as JSON lines; equal results are equal bytes.

    One line per request of the run's sessions, the whole file or none. Raises `NotFoundError`.
    """

    async def exported(store: "Store") -> Exported:
        from memory.export import write_export

        return Exported(run, str(out), await write_export(await store.run(run), Path(out)))

    return with_store(db, settings, exported)
