"""What every page reads from: the database, a run by its name, and data sets."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple, Self

from fastapi import Depends, Request

from afl.data.dataset_store import DatasetStore as Datasets
from afl.hints.knowledge_base import KnowledgeBase
from memory.records import Transcript
from memory.results import ResultColumns
from memory.run import Run
from memory.store import Store
from simulations.analysis.item_popularity import groups_by_title
from simulations.hints.stored_policies import policy_choices
from simulations.task.candidate_titles import candidate_titles, titles_of_dataset
from simulations.task.run_kind import RunKind
from simulations.viewer.urls import decode_segment

_CACHED_SCORES = 4
"""Runs whose reward scores stay in memory: those of 100,000 sessions take 13 MB."""

_SESSION_SETTINGS = ("dataset_hash", "split", "sessions", "candidates", "candidates_from", "seed")
"""Settings that determine the sessions of a run."""

_CACHED_RESULTS = 12
"""Runs whose results stay in memory: those of 100,000 sessions take 1 MB."""

_TRAINING_SETTINGS = ("dataset", "dataset_hash", "train_on", "training_hash", "ratios", "items")
"""Settings that determine the interactions a run's models were trained on."""


OMIT_EMPTY = {"omit_empty": True}
"""Metadata of a page's field that its JSON leaves out where it is empty."""

NOT_IN_JSON = {"not_in_json": True}
"""Metadata of a page's field that only its template reads; annotate it with pydantic's `SkipJsonSchema`, too."""

WAIT_SECONDS = 0.1
"""Seconds that a page waits for slow numbers before it is shown without them."""


@dataclass(frozen=True, slots=True)
class RunKindView:
    """The kind of a run, as the JSON of the pages has it."""

    protocol: str
    """See `RunOptions.protocol`."""
    recommends: bool
    """Whether its sessions have a recommendation that can be a hit."""
    judges: bool
    """Whether the user agent was asked about items of the user-simulation task."""
    stand_in: bool
    """Whether its language model is the offline one."""
    hints: str | None
    """The knowledge base whose hints were tried."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        kind = RunKind.from_config(config)
        return cls(kind.protocol, kind.recommends, kind.judges, kind.stand_in, kind.knowledge_base)


class ItemPopularity(NamedTuple):
    """The popularity group of every item."""

    groups: Mapping[str, int] | None
    """Title -> its place in `afl.metrics.popularity.GROUPS`; None where the data set is missing or has changed."""
    pending: bool
    """Whether it is still being computed; a later request has it."""


class PolicyChoices(NamedTuple):
    """The hints that a policy picks."""

    hints: tuple[int, ...] | None
    """By session, in the order of the run, 0 for none; None where the policy or its data set is missing."""
    pending: bool
    """Whether they are still being computed; a later request has them."""


class DataAccess:
    """The database behind the pages, and the data sets for what is not in it."""

    def __init__(self, store: Store, datasets: Datasets, *, patience: float | None = WAIT_SECONDS) -> None:
        """`patience`: seconds to wait for slow numbers; None waits until they are there."""
        self.store = store
        self._datasets = datasets
        self._patience = patience
        self._groups: dict[str, asyncio.Task[dict[str, int] | None]] = {}
        self._choices: dict[str, asyncio.Task[tuple[int, ...] | None]] = {}
        self._titles: dict[str, asyncio.Task[Sequence[str] | None]] = {}
        self._results: OrderedDict[tuple[int, float], tuple[tuple[int, float], ResultColumns]] = OrderedDict()
        self._scores: OrderedDict[tuple[int, float], list[bytes]] = OrderedDict()

    async def popularity(self, config: Mapping[str, Any]) -> ItemPopularity:
        """Popularity of the items of a run with this configuration; large data sets take a second to read."""
        key = json.dumps([config.get(name) for name in _TRAINING_SETTINGS])
        if key not in self._groups:
            self._groups[key] = asyncio.create_task(asyncio.to_thread(groups_by_title, config, self._datasets))
        read, _ = await asyncio.wait([self._groups[key]], timeout=self._patience)
        return ItemPopularity(self._groups[key].result(), False) if read else ItemPopularity(None, True)

    async def policy_choices(self, base: KnowledgeBase, policy: str, config: Mapping[str, Any]) -> PolicyChoices:
        """The hints a stored policy picks in the sessions of a run with this configuration; may take seconds."""
        key = json.dumps([policy, base.hash, *(config.get(name) for name in _SESSION_SETTINGS)])
        if key not in self._choices:
            work = asyncio.to_thread(policy_choices, base, self.policies_folder / policy, config, self._datasets)
            self._choices[key] = asyncio.create_task(work)
        done, _ = await asyncio.wait([self._choices[key]], timeout=self._patience)
        return PolicyChoices(self._choices[key].result(), False) if done else PolicyChoices(None, True)

    @property
    def policies_folder(self) -> Path:
        """Stored policies, each in a folder of its name."""
        return self._datasets.root.parent / "policies"

    @property
    def flower_folder(self) -> Path:
        """Stored Flower models, each in a folder of its name."""
        return self._datasets.root.parent / "flower"

    async def candidate_titles(self, run: Run, transcript: Transcript) -> tuple[str, ...] | None:
        """Titles of a session's candidates in the order shown; None where they are unknown."""
        return await candidate_titles(run, transcript, lambda: self._catalogue_titles(run.config))

    async def _catalogue_titles(self, config: Mapping[str, Any]) -> Sequence[str] | None:
        """Of a run's data set; None where it is gone or changed, or takes longer to read than a page may."""
        key = json.dumps([config.get("dataset"), config.get("dataset_hash")])
        if key not in self._titles:
            self._titles[key] = asyncio.create_task(titles_of_dataset(config, self._datasets))
        done, _ = await asyncio.wait([self._titles[key]], timeout=self._patience)
        return self._titles[key].result() if done else None

    async def results(self, run: Run) -> ResultColumns:
        """The result of every recorded session; read again once a session was added or repeated."""
        tallies = await run.session_aggregates()
        version = sum(tally.sessions for tally in tallies), max((tally.ended for tally in tallies), default=0.0)
        key = run.id, run.created
        cached = self._results.pop(key, None)
        current = cached if cached is not None and cached[0] == version else (version, await run.result_columns())
        self._results[key] = current
        while len(self._results) > _CACHED_RESULTS:
            self._results.popitem(last=False)
        return current[1]

    async def reward_scores(self, run: Run, position: int) -> tuple[float, ...]:
        """The reward score of every candidate of the session at this position; empty without a reward model."""
        key = run.id, run.created
        rows = self._scores[key] if key in self._scores else _score_rows(await run.inputs_json())
        self._scores[key] = rows
        self._scores.move_to_end(key)
        while len(self._scores) > _CACHED_SCORES:
            self._scores.popitem(last=False)
        if position >= len(rows):
            return ()
        return tuple(score / 100 for score in json.loads(b"[" + rows[position] + b"]"))


def _score_rows(inputs: bytes) -> list[bytes]:
    """The scores of each session as `ModelOutputs.to_json` wrote them, in hundredths; empty without a reward model.

    Parsing two million numbers for the twenty that are shown would be too slow for a page.
    """
    _, _, scores = inputs.partition(b'"scores":[[')
    return scores.partition(b"]]")[0].split(b"],[") if scores else []


async def _data_access(request: Request) -> DataAccess:
    """Opened when the viewer started, or now where there was no database then."""
    state = request.app.state
    if state.data is None:
        state.data = await state.open_data()
    data: DataAccess = state.data
    return data


InjectedData = Annotated[DataAccess, Depends(_data_access)]
"""A page's parameter of this type is injected."""


async def _requested_run(data: InjectedData, run: str) -> Run:
    return await data.store.run(decode_segment(run))


RequestedRun = Annotated[Run, Depends(_requested_run)]
"""A page's parameter of this type is the run that `{run}` of its address names; 404 where there is none."""
