"""Knowledge bases of hints: the list of all, and one with the origin, the effect and the use of every hint."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from afl.hints.knowledge_base import Effect, HintRecord, HintStatus
from afl.metrics.intervals import Estimate
from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary
from memory.records import RunSummary
from memory.results import TargetRankColumns
from simulations.analysis.hint_effects import HintEffect, HintEffects
from simulations.hints.stored_policies import StoredPolicy, stored_policies
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import DataAccess, InjectedData, PolicyChoices
from simulations.viewer.queries import PageNumber, PageQuery, page_count, page_rows
from simulations.viewer.urls import Urls, decode_segment

PAGE_SIZE = 25
HINTS_PER_PAGE = 50
"""Hints of the base on a page."""
MAX_TABLE_SESSIONS = 2000
"""Sessions of a table that are counted: its first ones."""
_DEFAULT_LIST_LENGTH = 10


@dataclass(frozen=True, slots=True)
class KnowledgeBaseLine:
    """A knowledge base in the list."""

    name: str
    dataset: str
    llm: str
    hints: int
    trials: int
    """Hints that were proposed, accepted or not."""
    run: str | None
    """The exploration's run; None where there is none, or it is not shown."""
    created: float
    """Seconds since 1970, UTC."""
    tried_in: tuple[str, ...]
    """Runs in which every hint was tried on every session."""


@dataclass(frozen=True, slots=True)
class KnowledgeBasesPage:
    bases: tuple[KnowledgeBaseLine, ...]
    """By name."""


async def read_list(data: InjectedData) -> KnowledgeBasesPage:
    """Knowledge bases, each the hints that a language model drew from its mistakes on a data set."""
    runs = {summary.name: summary.config.get("hints") for summary in await data.store.runs()}
    summaries = await data.store.knowledge_bases.summaries()
    return KnowledgeBasesPage(tuple(_base_line(summary, runs) for summary in summaries))


def _base_line(base: KnowledgeBaseSummary, runs: Mapping[str, str | None]) -> KnowledgeBaseLine:
    return KnowledgeBaseLine(
        name=base.name,
        dataset=base.dataset,
        llm=base.llm,
        hints=base.hints,
        trials=base.trials,
        run=base.run if base.run in runs else None,
        created=base.created,
        tried_in=tuple(sorted(name for name, hints in runs.items() if hints == base.name)),
    )


class KnowledgeBaseQuery(PageQuery):
    """The query of a knowledge base's page."""

    table: str = ""
    """The run whose lists tell what hints do; by default that of held-out sessions, else the newest."""
    status: HintStatus | None = None
    """Of the rejected hints."""
    first: Annotated[int, Field(ge=1, le=100_000)] = 1
    """The number of the hint that the page begins with."""
    page: PageNumber = 1
    """Of the rejected hints."""


@dataclass(frozen=True, slots=True)
class HintLine:
    """A hint that was proposed."""

    number: int | None
    """In the base, from 1; None where it was rejected."""
    text: str
    status: str
    why: str
    """In words, where it was rejected."""
    session: str | None
    """The session it was derived from."""
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
    """Hint (0 is none) -> sessions of the table for which it picks that; None where that is unknown."""
    gain: Estimate | None
    """The mean gain in NDCG of what it picks over no hint, on the table."""
    pending: bool
    """Whether its picks are still being computed."""


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
    """By number, from `query.first`."""
    size: int
    """Hints of the base."""
    statuses: Mapping[str, int]
    """Status -> rejected hints."""
    not_taken: tuple[HintLine, ...]
    """The rejected hints of this page."""
    total: int
    """Rejected hints of the status asked for, on all pages."""
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


async def read_base(
    data: InjectedData, base: str, query: Annotated[KnowledgeBaseQuery, Query()]
) -> KnowledgeBasePage:
    """A base with the provenance, the effect and the use of every hint."""
    record = await data.store.knowledge_bases.load(decode_segment(base))
    runs = await data.store.runs()
    tables = {run.name: run for run in runs if run.config.get("hints") == record.name}
    table = query.table if query.table in tables else _default_table(list(tables.values()))
    config = tables[table].config if table else {}
    k = int(config.get("listed", _DEFAULT_LIST_LENGTH))
    effects = await _effects(data, table, k)
    current = config.get("hints_hash") == record.base.hash
    rejected = [hint for hint in record.trials if hint.number is None]
    of_status = [hint for hint in rejected if query.status in (None, hint.status)]
    return KnowledgeBasePage(
        name=record.name,
        config=record.config,
        hash=record.base.hash,
        created=record.created,
        run=record.run if record.run in {run.name for run in runs} else None,
        hints=tuple(map(_hint_line, _accepted(record)[query.first - 1 : query.first - 1 + HINTS_PER_PAGE])),
        size=len(record.base.hints),
        statuses=dict(Counter(str(hint.status) for hint in rejected).most_common()),
        not_taken=tuple(map(_hint_line, page_rows(of_status, query.page, PAGE_SIZE))),
        total=len(of_status),
        pages=page_count(len(of_status), PAGE_SIZE),
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


def _accepted(record: KnowledgeBaseRecord) -> list[HintRecord]:
    """By number."""
    accepted = [hint for hint in record.trials if hint.number is not None]
    return sorted(accepted, key=lambda hint: hint.number or 0)


def _default_table(tables: Sequence[RunSummary]) -> str | None:
    """The run of held-out sessions, else the first, which is the newest."""
    held_out = [run.name for run in tables if run.config.get("split") == "test"]
    return next(iter([*held_out, *(run.name for run in tables)]), None)


async def _effects(data: DataAccess, table: str | None, k: int) -> HintEffects:
    if table is None:
        return HintEffects(TargetRankColumns.empty(), k=k)
    run = await data.store.run(table)
    return HintEffects(await run.target_rank_columns(MAX_TABLE_SESSIONS - 1), k=k)


def _hint_line(hint: HintRecord) -> HintLine:
    origin = hint.origin
    return HintLine(
        number=hint.number,
        text=hint.text,
        status=hint.status,
        why=hint.reason,
        session=hint.session,
        source=origin.source,
        mistakes=origin.mistakes,
        causes=origin.causes,
        own=origin.own_effect,
        others=origin.other_effects,
    )


async def _policies(
    data: DataAccess, record: KnowledgeBaseRecord, effects: HintEffects, config: Mapping[str, Any]
) -> tuple[PolicyLine, ...]:
    policies = await asyncio.to_thread(stored_policies, data.policies_folder, record.base)
    return tuple([await _policy_line(data, record, effects, config, policy) for policy in policies])


async def _policy_line(
    data: DataAccess,
    record: KnowledgeBaseRecord,
    effects: HintEffects,
    config: Mapping[str, Any],
    policy: StoredPolicy,
) -> PolicyLine:
    unknown = PolicyChoices(None, False)
    choices = await data.policy_choices(record.base, policy.name, config) if config else unknown
    hints = choices.hints
    return PolicyLine(
        name=policy.name,
        reward=policy.reward,
        encoder=policy.encoder,
        sessions=policy.sessions,
        picks=None if hints is None else dict(sorted(Counter(hints).items())),
        gain=None if hints is None or not len(effects) else effects.policy_gain(hints),
        pending=choices.pending,
    )


def charts(page: KnowledgeBasePage, urls: Urls) -> tuple[Chart, ...]:
    """The charts that this base has numbers for."""
    return tuple(_charts(page))


def _charts(page: KnowledgeBasePage) -> Iterator[Chart]:
    texts = {hint.number: hint.text for hint in page.hints} if page.current else {}

    def link(number: int) -> str:
        return f"#hint-{number}" if number in texts else ""

    if page.effects:
        gains = [
            Point(
                effect.number,
                effect.gain.value,
                effect.gain.ci95,
                link(effect.number),
                texts.get(effect.number, "")[:120],
            )
            for effect in page.effects
        ]
        title = f"Gain in NDCG@{page.k} over no hint, by hint"
        yield Chart("gains", title, "hint", "gain", [Series("gain", gains, kind="points")])
    series = [
        Series(
            policy.name,
            [Point(number, count, link=link(number)) for number, count in policy.picks.items()],
            kind="bar",
        )
        for policy in page.policies
        if policy.picks
    ]
    if series:
        title = "Sessions for which policies pick each hint"
        yield Chart("picks", title, "hint, 0 is none", "sessions", series, unit="count")
