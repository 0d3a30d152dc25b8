"""`afl report`: runs as a page with tables and figures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from afl.data.dataset_store import DatasetStore
from afl.errors import UsageError
from afl.settings import Settings
from memory.store import Store
from simulations.analysis.loaded_run import LoadedRun, load_runs
from simulations.document.writing import require_free, write
from simulations.execution.asynchrony import wait_for
from simulations.sections.run_report import run_report


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
    runs: Sequence[str], *, out: str | Path, db: str | None = None, settings: Settings | None = None
) -> Reported:
    """Writes `report.html`, `report.md` and `figures/` about these runs into the folder `out`, whole or not at all.

    An earlier report in its place is replaced. Raises `NotFoundError` for a run that is not there, `UsageError` for a
    folder that holds something else, `StorageError` where it cannot be written.
    """
    from simulations.document.rendering import files_of

    folder, names = Path(out), tuple(dict.fromkeys(runs))
    if not names:
        raise UsageError("nothing to report: expected at least one run; `afl runs` lists them")
    settings = settings or Settings()
    require_free(folder)
    files = files_of(run_report(wait_for(_read(names, db or settings.db_url)), DatasetStore(settings.data_dir)))
    write(files, folder)
    return Reported(str(out), names, tuple(sorted(files)))


async def _read(names: Sequence[str], url: str) -> list[LoadedRun]:
    async with await Store.open(url) as store:
        return await load_runs([await store.run(name) for name in names])
