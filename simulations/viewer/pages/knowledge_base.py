"""A knowledge base: where every hint comes from, what it does, which ones a policy picks, and what was not taken."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from afl.hints.hint_records import Effect, HintRecord, Status
from afl.metrics.intervals import Estimate
from memory.columns import TargetRankColumns
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import RunSummary
from simulations.hints.kept import KeptPolicy, kept_policies
from simulations.viewer.data_access import Chosen, Library, Reading
from simulations.viewer.hinted import EffectLine, Effects
from simulations.viewer.links import unsegment

AT_ONCE = 25
SHOWN = 50
"""Hints of the base on a page."""
COUNTED = 2000
"""Sessions of a table that are counted: its first ones."""
_LISTED = 10


class BaseQuery(BaseModel):
    """What may stand behind the ? of the page."""

    model_config = ConfigDict(extra="forbid")

    table: str = ""
    """The run whose lists tell what hints do; by default that of held-out sessions, else the newest."""
    status: Status | None = None
    """Of the hints that were not taken."""
    first: Annotated[int, Field(ge=1, le=100_000)] = 1
    """The number of the hint that the page begins with."""
    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Of the hints that were not taken."""


@dataclass(frozen=True, slots=True)
class HintLine:
    """A hint that was thought of."""

    number: int | None
    """In the base, from 1; None where it is not in it."""
    text: str
    status: str
    why: str
    """In words, where it was not taken."""
    session: str | None
    """The session it was drawn from."""
    source: str | None
    """`hand`, or the file it was imported from; None for what the model said."""
    mistakes: tuple[str, ...]
    """What the model said it may have done wrong, the target unseen."""
    causes: tuple[str, ...]
    """What it said was the reason, the target seen."""
    own: Effect | None
    """What it did to its own session's list."""
    others: tuple[Effect, ...]
    """What it did to others."""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """A policy that was trained on the base."""

    name: str
    reward: str
    encoder: str
    sessions: int
    """That it learned from."""
    picks: Mapping[int, int] | None
    """Hint (0 is none) -> sessions of the table for which it picks that; None where it cannot be told."""
    gain: Estimate | None
    """The mean gain in NDCG of what it picks over no hint, on the table."""
    pending: bool
    """Whether its picks are still being found out."""


@dataclass(frozen=True, slots=True)
class BasePage:
    name: str
    config: Mapping[str, Any]
    hash: str
    created: float
    """Seconds since 1970, UTC."""
    run: str | None
    """The exploration's run."""
    hints: tuple[HintLine, ...]
    """By number, from the one asked for."""
    size: int
    """How many there are."""
    statuses: Mapping[str, int]
    """Status -> hints that were not taken."""
    not_taken: tuple[HintLine, ...]
    total: int
    """Hints that were not taken and are like that, on all pages."""
    pages: int
    tables: tuple[str, ...]
    """Runs in which every hint was tried on every session."""
    table: str | None
    """The one that is shown."""
    current: bool
    """Whether that table is about these very hints, not about an earlier version of the base."""
    counted: int
    """Its sessions that are counted."""
    k: int
    """Length of the lists."""
    without: float | None
    """The mean NDCG@k without a hint."""
    effects: tuple[EffectLine, ...]
    """By hint."""
    policies: tuple[PolicyLine, ...]
    query: BaseQuery


async def read(reading: Reading, base: str, query: Annotated[BaseQuery, Query()]) -> BasePage:
    """A base with the provenance, the effect and the use of every hint."""
    record = await reading.store.knowledge_bases.load(unsegment(base))
    runs = await reading.store.runs()
    tables = {one.name: one for one in runs if one.config.get("hints") == record.name}
    table = query.table if query.table in tables else _first(list(tables.values()))
    config = tables[table].config if table else {}
    k = int(config.get("listed", _LISTED))
    effects = await _effects(reading, table, k)
    current = config.get("hints_hash") == record.base.hash
    rejected = [trial for trial in record.trials if trial.number is None]
    shown = [trial for trial in rejected if query.status in (None, trial.status)]
    return BasePage(
        name=record.name,
        config=record.config,
        hash=record.base.hash,
        created=record.created,
        run=record.run if record.run in {one.name for one in runs} else None,
        hints=tuple(map(_line, _taken(record)[query.first - 1 : query.first - 1 + SHOWN])),
        size=len(record.base.hints),
        statuses=dict(Counter(str(trial.status) for trial in rejected).most_common()),
        not_taken=tuple(map(_line, shown[(query.page - 1) * AT_ONCE : query.page * AT_ONCE])),
        total=len(shown),
        pages=max(1, -(-len(shown) // AT_ONCE)),
        tables=tuple(tables),
        table=table,
        current=current,
        counted=len(effects),
        k=k,
        without=effects.without,
        effects=tuple(effects.lines()),
        policies=await _policies(reading, record, effects, config if current else {}),
        query=query,
    )


def _taken(record: KnowledgeBaseRecord) -> list[HintRecord]:
    """By number."""
    taken = [trial for trial in record.trials if trial.number is not None]
    return sorted(taken, key=lambda trial: trial.number or 0)


def _first(tables: Sequence[RunSummary]) -> str | None:
    """Held-out sessions tell most; `tables` begin with the newest."""
    held_out = [one.name for one in tables if one.config.get("split") == "test"]
    return next(iter([*held_out, *(one.name for one in tables)]), None)


async def _effects(reading: Library, table: str | None, k: int) -> Effects:
    if table is None:
        return Effects(TargetRankColumns.none(), k=k)
    run = await reading.store.run(table)
    return Effects(await run.target_rank_columns(COUNTED - 1), k=k)


def _line(trial: HintRecord) -> HintLine:
    origin = trial.origin
    return HintLine(
        number=trial.number,
        text=trial.text,
        status=trial.status,
        why=trial.why,
        session=trial.session,
        source=origin.source,
        mistakes=origin.mistakes,
        causes=origin.causes,
        own=origin.own,
        others=origin.others,
    )


async def _policies(
    reading: Library, record: KnowledgeBaseRecord, effects: Effects, config: Mapping[str, Any]
) -> tuple[PolicyLine, ...]:
    kept = await asyncio.to_thread(kept_policies, reading.policies, record.base)
    return tuple([await _policy(reading, record, effects, config, one) for one in kept])


async def _policy(
    reading: Library, record: KnowledgeBaseRecord, effects: Effects, config: Mapping[str, Any], kept: KeptPolicy
) -> PolicyLine:
    chosen = await reading.choices(record.base, kept.name, config) if config else Chosen(None, False)
    picks = None if chosen.hints is None else dict(sorted(Counter(chosen.hints).items()))
    return PolicyLine(
        name=kept.name,
        reward=kept.reward,
        encoder=kept.encoder,
        sessions=kept.sessions,
        picks=picks,
        gain=None if chosen.hints is None or not len(effects) else effects.under(chosen.hints),
        pending=chosen.pending,
    )
