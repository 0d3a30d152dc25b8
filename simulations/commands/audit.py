"""`afl audit`: looks for what gives the target away in a run."""

from dataclasses import dataclass
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import Row, session_rows
from afl.errors import NotFoundError
from afl.settings import Settings
from memory.run import Run
from memory.store import Store
from simulations.analysis.audit_check import Check
from simulations.execution.asynchrony import wait_for
from simulations.leakage.evidence import Evidence
from simulations.options.run_options import RunOptions
from simulations.task.training_data import as_learned


@dataclass(frozen=True, slots=True)
class Audit:
    """What the checks of a run found."""

    run: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Nothing is broken and nothing suspicious."""
        return all(check.passed for check in self.checks)

    @property
    def exit_code(self) -> int:
        """1 when something was found."""
        return 0 if self.ok else 1

    def to_json(self) -> dict[str, Any]:
        """The object of `audit --json`."""
        return {"run": self.run, "checks": [check.to_json() for check in self.checks], "ok": self.ok}


def audit(run: str, *, db: str | None = None, settings: Settings | None = None) -> Audit:
    """Checks the run's recorded sessions for leaks; what needs the data set is left out where it is gone or changed.

    Raises `NotFoundError` for a run that is not there.
    """
    settings = settings or Settings()
    return wait_for(_audit(run, db or settings.db_url, DatasetStore(settings.data_dir)))


async def _audit(name: str, url: str, library: DatasetStore) -> Audit:
    async with await Store.open(url) as store:
        run = await store.run(name)
        evidence = _evidence(run, library)
        async for transcript in run.transcripts_by_id():
            evidence.add(transcript)
        return Audit(name, evidence.checks(run, (await run.candidates()).lists))


def _evidence(run: Run, library: DatasetStore) -> Evidence:
    """What is to be gathered, beside the data set as it was when the run began."""
    dataset = _dataset(library, run.config.get("dataset"), run.config.get("dataset_hash"))
    training = dataset
    if "training_hash" in run.config:
        named = _loaded(library, run.config["train_on"])
        training = None if named is None else as_learned(named, run.config)
    by_id = {} if dataset is None else {row.id: row for row in _rows(run, dataset)}
    return Evidence(dataset, training, by_id)


def _dataset(library: DatasetStore, name: str | None, hash: str | None) -> Dataset | None:
    """The data set with this content; None where it is gone or has changed."""
    dataset = _loaded(library, name)
    return dataset if dataset is not None and dataset.hash == hash else None


def _loaded(library: DatasetStore, name: str | None) -> Dataset | None:
    try:
        return library.load(name or "")
    except (NotFoundError, ValueError):
        return None


def _rows(run: Run, dataset: Dataset) -> list[Row]:
    """The rows of all splits, cut as the run had them."""
    options = RunOptions.given({}, recorded=run.config)
    return [row for split in Split for row in session_rows(dataset, split, held_out=options.held_out)]
