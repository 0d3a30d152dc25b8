"""`afl export`: a run as JSON lines, equal bytes for equal results."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from afl.option import OUTPUT, Argument, Option
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.export import LineUsage
    from memory.run import Run
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
    with_usage: Annotated[
        bool, Option("Also model, tokens, cost, latency and candidates of each line", OUTPUT)
    ] = False,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> Exported:
    """Write a run as JSON lines; equal results are equal bytes, unless `with_usage` adds what calls took.

    One line per request of the run's sessions, the whole file or none. Raises `NotFoundError`.
    """

    async def exported(store: "Store") -> Exported:
        from memory.export import write_export

        recorded = await store.run(run)
        usage = await _usage(recorded, settings) if with_usage else None
        return Exported(run, str(out), await write_export(recorded, Path(out), usage))

    return with_store(db, settings, exported)


async def _usage(run: "Run", settings: "Settings | None") -> "LineUsage":
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings
    from memory.export import LineUsage
    from simulations.task.candidate_titles import titles_of_dataset
    from simulations.task.run_kind import RunKind

    record = await run.candidates()
    titles: Mapping[int, str] | Sequence[str] | None = record.titles
    if titles is None:
        titles = await titles_of_dataset(run.config, DatasetStore((settings or Settings()).data_dir))
    shown = (
        {}
        if titles is None
        else {session: [titles[item] for item in items] for session, items in record.lists.items()}
    )
    return LineUsage(RunKind.from_config(run.config).models, shown)
