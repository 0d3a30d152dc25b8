"""Titles of the items that a session's agents were shown."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import AFLError
from afl.types import Phase
from agents.sections import listed_titles
from memory.records import Transcript
from memory.run import Run
from simulations.task.run_kind import RunKind

TitleLookup = Callable[[], Awaitable[Sequence[str] | None]]


async def candidate_titles(
    run: Run, transcript: Transcript, catalogue_titles: TitleLookup
) -> tuple[str, ...] | None:
    """The titles of a session's candidates in the order shown; empty where no agent was shown the list.

    They are stored with the run. For runs without stored titles they come from the data set (`catalogue_titles`, see
    `titles_of_dataset`), else from the prompts; None where neither has them.
    """
    if not any(turn.key.phase != Phase.JUDGE for turn in transcript.record.turns):
        return ()
    items = await run.session_candidates(transcript.record.session)
    stored = await run.titles()
    if stored is not None:
        return tuple(stored[item] for item in items)
    catalogue = await catalogue_titles()
    if catalogue is not None:
        return tuple(catalogue[item] for item in items)
    return titles_in_prompts(transcript, RunKind.from_config(run.config).headings.candidates) or None


def titles_in_prompts(transcript: Transcript, heading: str) -> tuple[str, ...]:
    """The titles below a heading of the first request that has it; empty where none has."""
    calls = (exchange.entry.messages for exchange in transcript.exchanges if exchange.entry is not None)
    requests = (message["content"] for messages in calls for message in messages if message["role"] == "user")
    return next((tuple(titles) for request in requests if (titles := listed_titles(request, heading))), ())


async def titles_of_dataset(config: Mapping[str, Any], datasets: DatasetStore) -> Sequence[str] | None:
    """The catalogue's titles by item, for a run with this configuration; None where its data set is gone or changed."""
    return await asyncio.to_thread(_titles_of_dataset, config, datasets)


def _titles_of_dataset(config: Mapping[str, Any], datasets: DatasetStore) -> Sequence[str] | None:
    try:
        dataset = datasets.load(str(config.get("dataset")))
    except AFLError:
        return None
    return dataset.catalogue.titles if dataset.hash == config.get("dataset_hash") else None
