"""Checks a recorded run for leaks: anything that gives the target away."""

from dataclasses import dataclass
from typing import Any

from afl.data.dataset import Dataset, Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import Row, session_rows
from afl.errors import NotFoundError
from memory.run import Run
from simulations.analysis.audit_check import Check
from simulations.leakage.evidence import Evidence
from simulations.options.run_options import RunOptions
from simulations.task.training_data import recorded_training_data


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


async def audit_run(run: Run, datasets: DatasetStore) -> Audit:
    """The checks of a run; those that need the data set are left out where it is gone or changed."""
    evidence = _evidence(run, datasets)
    async for transcript in run.transcripts_by_id():
        evidence.add(transcript)
    return Audit(run.name, evidence.checks(run, (await run.candidates()).lists))


def _evidence(run: Run, datasets: DatasetStore) -> Evidence:
    """What is gathered from the sessions, beside the data set that the run was started with."""
    dataset = _dataset(datasets, run.config.get("dataset"), run.config.get("dataset_hash"))
    training = dataset
    if "training_hash" in run.config:
        named = _loaded(datasets, run.config["train_on"])
        training = None if named is None else recorded_training_data(named, run.config)
    by_id = {} if dataset is None else {row.id: row for row in _rows(run, dataset)}
    return Evidence(dataset, training, by_id)


def _dataset(datasets: DatasetStore, name: str | None, hash: str | None) -> Dataset | None:
    """The data set with this content; None where it is gone or has changed."""
    dataset = _loaded(datasets, name)
    return dataset if dataset is not None and dataset.hash == hash else None


def _loaded(datasets: DatasetStore, name: str | None) -> Dataset | None:
    try:
        return datasets.load(name or "")
    except (NotFoundError, ValueError):
        return None


def _rows(run: Run, dataset: Dataset) -> list[Row]:
    """The rows of all splits, cut as the run had them."""
    options = RunOptions.resolve({}, recorded=run.config)
    return [row for split in Split for row in session_rows(dataset, split, held_out=options.held_out)]
