"""All runs: configuration, progress, results and costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query

from afl.metrics.intervals import wilson
from memory.records import RunSummary
from simulations.task.run_kind import RunKind
from simulations.viewer.data_access import InjectedData
from simulations.viewer.queries import PageQuery

Order = Literal["begun", "name", "dataset", "model", "hit_rate", "cost", "tokens"]


class RunsQuery(PageQuery):
    """The query of the page."""

    q: str = ""
    """Only runs in whose name, data set, model or recommender this occurs, ignoring case."""
    status: Literal["", "running", "complete", "incomplete"] = ""
    order: Order = "begun"
    """`begun`: the newest first; numbers: the largest first; names: alphabetically."""


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run in the list."""

    name: str
    begun: float
    """Seconds since 1970, UTC."""
    status: str
    dataset: str
    model: str
    recommender: str
    tools: tuple[str, ...]
    sessions: int
    done: int
    failed: int
    hit_rate: float | None
    """Failed sessions count as misses; None where nothing is recorded, or nothing recommended."""
    ci95: tuple[float, float] | None
    cost_usd: float | None
    tokens: int
    seconds: float | None
    """From its first to its last recorded session."""


@dataclass(frozen=True, slots=True)
class RunsPage:
    runs: tuple[RunLine, ...]
    """Those that match, in the order asked for."""
    all: int
    """Runs in the database."""
    query: RunsQuery


async def read(data: InjectedData, query: Annotated[RunsQuery, Query()]) -> RunsPage:
    """The runs in the database."""
    lines = [_line(summary) for summary in await data.store.runs()]
    matches = [line for line in lines if _matches(line, query)]
    return RunsPage(tuple(sorted(matches, key=_KEYS[query.order])), len(lines), query)


def _line(summary: RunSummary) -> RunLine:
    totals, config = summary.totals, summary.config
    recorded = totals.completed + totals.failed
    rated = recorded and RunKind.from_config(config).recommends
    estimate = wilson(totals.hits, recorded) if rated else None
    return RunLine(
        name=summary.name,
        begun=summary.created,
        status=summary.status,
        dataset=_setting(config, "dataset"),
        model=RunKind.from_config(config).model_names or "–",
        recommender=_setting(config, "recommender"),
        tools=tuple(config.get("tools", ())),
        sessions=totals.sessions,
        done=totals.done,
        failed=totals.failed,
        hit_rate=None if estimate is None else estimate.value,
        ci95=None if estimate is None else estimate.ci95,
        cost_usd=totals.calls.cost_usd,
        tokens=totals.calls.prompt_tokens + totals.calls.completion_tokens,
        seconds=summary.seconds,
    )


def _setting(config: Mapping[str, Any], key: str) -> str:
    return str(config.get(key, "–"))


def _matches(line: RunLine, query: RunsQuery) -> bool:
    words = " ".join((line.name, line.dataset, line.model, line.recommender, *line.tools)).casefold()
    return query.q.casefold() in words and query.status in ("", line.status)


_KEYS: Mapping[Order, Any] = {
    "begun": lambda line: -line.begun,
    "name": lambda line: line.name.casefold(),
    "dataset": lambda line: (line.dataset, -line.begun),
    "model": lambda line: (line.model, -line.begun),
    "hit_rate": lambda line: -1 if line.hit_rate is None else -line.hit_rate - 2,
    "cost": lambda line: -(line.cost_usd or 0.0),
    "tokens": lambda line: -line.tokens,
}
