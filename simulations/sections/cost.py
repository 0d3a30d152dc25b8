"""What the runs asked of the language model and how fast, over all their continuations."""

from collections.abc import Sequence

from afl.types import ConcurrencyChange
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import dollars
from simulations.document.page import Section, Table

_COLUMNS = ("run", "calls", "a session", "prompt tokens", "completion tokens", "retries", "cost")
_BY_AGENT = ("run", "agent", "round", "calls", "prompt tokens", "completion tokens", "cost")
_LOWERED = ("run", "begun with", "lowered", "to at least", "in the end")


def section(runs: Sequence[LoadedRun]) -> Section:
    """Per run, per agent and round, and where an endpoint asked for fewer requests, what became of that."""
    tables = [_by_run(runs), _by_agent(runs)]
    lowered = [run for run in runs if _refusals(run.pace)]
    return Section("Cost", (*tables, _lowered(lowered)) if lowered else tuple(tables))


def _by_run(runs: Sequence[LoadedRun]) -> Table:
    rows = [
        [
            run.label,
            f"{run.calls.calls:,}",
            f"{run.calls.calls / len(run.records):.1f}" if run.records else "–",
            f"{run.calls.prompt_tokens:,}",
            f"{run.calls.completion_tokens:,}",
            f"{run.calls.retries:,}",
            dollars(run.calls.cost_usd),
        ]
        for run in runs
    ]
    return Table.of("Language-model calls", _COLUMNS, rows, numbers=_COLUMNS[1:])


def _by_agent(runs: Sequence[LoadedRun]) -> Table:
    rows = [
        [
            run.label,
            f"{cost.role} agent",
            cost.label,
            f"{cost.calls:,}",
            f"{cost.prompt_tokens:,}",
            f"{cost.completion_tokens:,}",
            dollars(cost.cost_usd),
        ]
        for run in runs
        for cost in run.costs
    ]
    return Table.of("The same by agent and round", _BY_AGENT, rows, numbers=_BY_AGENT[2:])


def _lowered(runs: Sequence[LoadedRun]) -> Table:
    rows = [
        [
            run.label,
            str(run.pace[0].concurrency),
            f"{len(_refusals(run.pace))} times",
            str(min(change.concurrency for change in _refusals(run.pace))),
            str(run.pace[-1].concurrency),
        ]
        for run in runs
    ]
    return Table.of("Requests under way, where the endpoint asked for fewer", _LOWERED, rows, numbers=_LOWERED[1:])


def _refusals(pace: Sequence[ConcurrencyChange]) -> list[ConcurrencyChange]:
    return [change for change in pace if change.why not in ("begun", "well")]
