"""A run: what came of it round by round, what it cost, what failed, and what it was begun with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afl.metrics.intervals import Estimate
from memory.session_query import Result
from simulations.analysis import aggregated_numbers
from simulations.analysis.aggregated_numbers import CallsLine, ItemLine, PopularityLine, RepliesLine, RoundLine
from simulations.task.run_kind import RunKind
from simulations.viewer.data_access import NamedRun, Popularity, Reading


@dataclass(frozen=True, slots=True)
class Pace:
    """A moment at which the number of requests that may be under way at once was changed."""

    at: float
    """Seconds since 1970, UTC."""
    concurrency: int
    why: str
    """`begun`, `well`, or the HTTP status that asked for fewer."""
    wait: float | None
    """Seconds for which the endpoint asked not to be asked at all."""


@dataclass(frozen=True, slots=True)
class RunPage:
    name: str
    kind: RunKind
    begun: float
    """Seconds since 1970, UTC."""
    status: str
    seconds: float | None
    """From its beginning to the last recorded session."""
    sessions: int
    """How many it consists of."""
    done: int
    """Those that a continuation leaves as they are."""
    recorded: int
    hit_rate: Estimate | None
    """Failed sessions count as misses; None where nothing is recorded, or nothing recommended."""
    base: Estimate | None
    """Of the base model's suggestions; None where there are none."""
    accepted: Estimate | None
    results: Mapping[str, int]
    """Result (see `memory.session_query.Result`) -> sessions."""
    outcomes: Mapping[str, int]
    """How sessions ended -> sessions."""
    rounds: tuple[RoundLine, ...]
    calls: CallsLine
    """All of them."""
    asked: tuple[CallsLine, ...]
    """By round and agent."""
    replies: tuple[RepliesLine, ...]
    popularity: tuple[PopularityLine, ...] | None
    """None where the data set that models learned from is not at hand as it was."""
    counting: bool
    """Whether popularity is still being counted, and will be there when asked again."""
    items: tuple[ItemLine, ...]
    """Those recommended most often."""
    pace: tuple[Pace, ...]
    config: Mapping[str, Any]
    """What determines its results, fixed when it was begun."""
    candidates_hash: str


async def read(reading: Reading, run: NamedRun) -> RunPage:
    """The run in numbers."""
    summary, sessions = await run.summary(), await run.session_aggregates()
    calls, items, kind = await run.call_aggregates(), await run.item_aggregates(), RunKind.from_config(run.config)
    lines = aggregated_numbers.round_lines(sessions, int(run.config.get("rounds", 1))) if kind.recommends else ()
    known = await reading.popularity(run.config) if items else Popularity({}, False)
    groups = known.groups
    results = aggregated_numbers.results(sessions)
    with_base = kind.recommends and run.config.get("recommender", "none") != "none"
    return RunPage(
        name=run.name,
        kind=kind,
        begun=run.created,
        status=summary.status,
        seconds=summary.seconds,
        sessions=run.session_count,
        done=summary.totals.done,
        recorded=sum(tally.sessions for tally in sessions),
        hit_rate=aggregated_numbers.rate(sessions, results[Result.HIT]) if kind.recommends else None,
        base=aggregated_numbers.rate(sessions, sum(one.sessions for one in sessions if one.base_hit))
        if with_base
        else None,
        accepted=aggregated_numbers.rate(sessions, sum(one.accepted for one in lines))
        if kind.recommends
        else None,
        results=results,
        outcomes=aggregated_numbers.outcomes(sessions),
        rounds=lines,
        calls=aggregated_numbers.calls(calls),
        asked=aggregated_numbers.call_lines(calls),
        replies=aggregated_numbers.reply_lines(await run.turn_aggregates()),
        popularity=None if groups is None else aggregated_numbers.popularity_lines(items, groups, len(lines)),
        counting=known.pending,
        items=aggregated_numbers.item_lines(items, groups or {}, len(lines)),
        pace=tuple(Pace(**change._asdict()) for change in await run.pace_changes()),
        config=run.config,
        candidates_hash=run.candidates_hash,
    )
