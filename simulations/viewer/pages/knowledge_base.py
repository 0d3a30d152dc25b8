"""A knowledge base: where every hint comes from, what it does, which ones a policy picks, and what was not taken."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from afl.hints.knowledge_base import Effect, HintRecord, HintStatus
from afl.metrics.intervals import Estimate
from memory.columns import TargetRankColumns
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.records import RunSummary
from simulations.analysis.hint_effects import HintEffect, HintEffects
from simulations.hints.stored_policies import StoredPolicy, stored_policies
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import DataAccess, InjectedData, PolicyChoices
from simulations.viewer.urls import Urls, decode_segment

PAGE_SIZE = 25
HINTS_PER_PAGE = 50
"""Hints of the base on a page."""
MAX_TABLE_SESSIONS = 2000
"""Sessions of a table that are counted: its first ones."""
_DEFAULT_LIST_LENGTH = 10


class KnowledgeBaseQuery(BaseModel):
    """What may stand behind the ? of the page."""

    model_config = ConfigDict(extra="forbid")

    table: str = ""
    """The run whose lists tell what hints do; by default that of held-out sessions, else the newest."""
    status: HintStatus | None = None
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
class KnowledgeBasePage:
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
    effects: tuple[HintEffect, ...]
    """By hint."""
    policies: tuple[PolicyLine, ...]
    query: KnowledgeBaseQuery


async def read(data: InjectedData, base: str, query: Annotated[KnowledgeBaseQuery, Query()]) -> KnowledgeBasePage:
    """A base with the provenance, the effect and the use of every hint."""
    record = await data.store.knowledge_bases.load(decode_segment(base))
    runs = await data.store.runs()
    tables = {one.name: one for one in runs if one.config.get("hints") == record.name}
    table = query.table if query.table in tables else _first(list(tables.values()))
    config = tables[table].config if table else {}
    k = int(config.get("listed", _DEFAULT_LIST_LENGTH))
    effects = await _effects(data, table, k)
    current = config.get("hints_hash") == record.base.hash
    rejected = [trial for trial in record.trials if trial.number is None]
    shown = [trial for trial in rejected if query.status in (None, trial.status)]
    return KnowledgeBasePage(
        name=record.name,
        config=record.config,
        hash=record.base.hash,
        created=record.created,
        run=record.run if record.run in {one.name for one in runs} else None,
        hints=tuple(map(_line, _taken(record)[query.first - 1 : query.first - 1 + HINTS_PER_PAGE])),
        size=len(record.base.hints),
        statuses=dict(Counter(str(trial.status) for trial in rejected).most_common()),
        not_taken=tuple(map(_line, shown[(query.page - 1) * PAGE_SIZE : query.page * PAGE_SIZE])),
        total=len(shown),
        pages=max(1, -(-len(shown) // PAGE_SIZE)),
        tables=tuple(tables),
        table=table,
        current=current,
        counted=len(effects),
        k=k,
        without=effects.without,
        effects=tuple(effects.by_hint()),
        policies=await _policies(data, record, effects, config if current else {}),
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


async def _effects(data: DataAccess, table: str | None, k: int) -> HintEffects:
    if table is None:
        return HintEffects(TargetRankColumns.none(), k=k)
    run = await data.store.run(table)
    return HintEffects(await run.target_rank_columns(MAX_TABLE_SESSIONS - 1), k=k)


def _line(trial: HintRecord) -> HintLine:
    origin = trial.origin
    return HintLine(
        number=trial.number,
        text=trial.text,
        status=trial.status,
        why=trial.reason,
        session=trial.session,
        source=origin.source,
        mistakes=origin.mistakes,
        causes=origin.causes,
        own=origin.own_effect,
        others=origin.other_effects,
    )


async def _policies(
    data: DataAccess, record: KnowledgeBaseRecord, effects: HintEffects, config: Mapping[str, Any]
) -> tuple[PolicyLine, ...]:
    kept = await asyncio.to_thread(stored_policies, data.policies_folder, record.base)
    return tuple([await _policy(data, record, effects, config, one) for one in kept])


async def _policy(
    data: DataAccess,
    record: KnowledgeBaseRecord,
    effects: HintEffects,
    config: Mapping[str, Any],
    kept: StoredPolicy,
) -> PolicyLine:
    chosen = await data.policy_choices(record.base, kept.name, config) if config else PolicyChoices(None, False)
    picks = None if chosen.hints is None else dict(sorted(Counter(chosen.hints).items()))
    return PolicyLine(
        name=kept.name,
        reward=kept.reward,
        encoder=kept.encoder,
        sessions=kept.sessions,
        picks=picks,
        gain=None if chosen.hints is None or not len(effects) else effects.policy_gain(chosen.hints),
        pending=chosen.pending,
    )


def charts(page: KnowledgeBasePage, urls: Urls) -> tuple[Chart, ...]:
    """Those that have something to say about this base."""
    return tuple(_charts(page))


def _charts(page: KnowledgeBasePage) -> Iterator[Chart]:
    texts = {hint.number: hint.text for hint in page.hints} if page.current else {}
    if page.effects:
        points = [
            Point(
                one.number,
                one.gain.value,
                one.gain.ci95,
                f"#hint-{one.number}" if one.number in texts else "",
                texts.get(one.number, "")[:120],
            )
            for one in page.effects
        ]
        series = [Series("gain", points, kind="points")]
        yield Chart("gains", f"Gain in NDCG@{page.k} over no hint, by hint", "hint", "gain", series)
    picked = [policy for policy in page.policies if policy.picks]
    if picked:
        series = [
            Series(
                policy.name,
                [
                    Point(number, count, link=f"#hint-{number}" if number in texts else "")
                    for number, count in (policy.picks or {}).items()
                ],
                kind="bar",
            )
            for policy in picked
        ]
        yield Chart(
            "picks",
            "Sessions for which policies pick each hint",
            "hint, 0 is none",
            "sessions",
            series,
            unit="count",
        )
