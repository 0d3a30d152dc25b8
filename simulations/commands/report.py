"""`afl report`: runs as a page with tables and figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from afl.errors import UsageError
from afl.option import OUTPUT, Argument, Option
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store
    from simulations.analysis.loaded_run import LoadedRun


class Reported(NamedTuple):
    """What was written."""

    out: str
    runs: tuple[str, ...]
    files: tuple[str, ...]
    """Below `out`, sorted."""

    def to_json(self) -> dict[str, Any]:
        """The object of `report --json`."""
        return {"out": self.out, "runs": list(self.runs), "files": list(self.files)}


def report(
    runs: Annotated[Sequence[str], Argument("Names of runs; afl runs lists them", "RUN...")],
    *,
    out: Annotated[str | Path, Option("New folder, or that of an earlier report", OUTPUT, metavar="DIR")],
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> Reported:
    """Write a page with tables and figures about runs, as HTML and as Markdown.

    `report.html`, `report.md` and `figures/` in the folder `out`, all of it or nothing. An earlier report in its place
    is replaced. Raises `NotFoundError` for a run that is not there, `UsageError` for a folder that holds something
    else, `StorageError` where it cannot be written.
    """
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings
    from simulations.document.rendering import files_of
    from simulations.document.writing import require_free, write
    from simulations.sections.run_report import run_report

    names = tuple(dict.fromkeys(runs))
    if not names:
        raise UsageError("nothing to report: expected at least one run; `afl runs` lists them")
    settings = settings or Settings()
    require_free(Path(out))

    async def loaded(store: "Store") -> "list[LoadedRun]":
        from simulations.analysis.loaded_run import load_runs

        return await load_runs([await store.run(name) for name in names])

    files = files_of(run_report(with_store(db, settings, loaded), DatasetStore(settings.data_dir)))
    write(files, Path(out))
    return Reported(str(out), names, tuple(sorted(files)))
