"""What every page is given: the store, opened for reading."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from fastapi import Depends, Request
from numpy.typing import NDArray

from afl.data.library import Library as Datasets
from memory.run import Run
from memory.store import Store
from simulations.inputs import ModelOutputs
from simulations.popularity import groups_by_title
from simulations.viewer.links import unsegment

_KEPT = 4
"""Runs whose reward scores stay in memory: those of 100,000 sessions take 16 MB."""

_LEARNED = ("dataset", "dataset_hash", "train_on", "training_hash", "ratios", "items")
"""What decides which interactions the models of a run learned from."""


class Library:
    """The database behind the pages, and the data sets for what it does not hold."""

    def __init__(self, store: Store, datasets: Datasets) -> None:
        self.store = store
        self._datasets = datasets
        self._groups: dict[str, dict[str, int] | None] = {}
        self._scores: OrderedDict[tuple[int, float], NDArray[np.float32] | None] = OrderedDict()

    async def popularity(self, config: Mapping[str, Any]) -> dict[str, int] | None:
        """Title -> its group of popularity (`afl.metrics.popularity`), None where the data set is not at hand."""
        key = json.dumps([config.get(name) for name in _LEARNED])
        if key not in self._groups:
            self._groups[key] = await asyncio.to_thread(groups_by_title, config, self._datasets)
        return self._groups[key]

    async def reward_scores(self, run: Run, position: int) -> tuple[float, ...]:
        """The reward score of every candidate of the session at this place, as shown; empty without a reward model."""
        key = run.id, run.created
        scores = self._scores[key] if key in self._scores else _scores(await run.inputs())
        self._scores[key] = scores
        self._scores.move_to_end(key)
        while len(self._scores) > _KEPT:
            self._scores.popitem(last=False)
        if scores is None or position >= len(scores):
            return ()
        return tuple(scores[position].astype(np.float64).round(2).tolist())


def _scores(inputs: dict[str, Any]) -> NDArray[np.float32] | None:
    """(S, N) from what a run was begun with; that is fixed, and need not be read twice."""
    return ModelOutputs.from_json(inputs).scores if "scores" in inputs else None


def _library(request: Request) -> Library:
    library: Library = request.app.state.library
    return library


Reading = Annotated[Library, Depends(_library)]
"""A page's parameter of this type is the database."""


async def _run(reading: Reading, run: str) -> Run:
    return await reading.store.run(unsegment(run))


NamedRun = Annotated[Run, Depends(_run)]
"""A page's parameter of this type is the run that `{run}` of its address names; 404 where there is none."""
