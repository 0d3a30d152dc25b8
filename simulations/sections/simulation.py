"""A simulation: hit rates by round beside the base model, and what the run took."""

from afl.metrics.intervals import Estimate
from simulations.analysis.simulation_report import SimulationReport
from simulations.document.formats import count, dollars, interval, plural, rate, seconds
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.sections import costs, notes

_COLUMNS = (
    Column("arm"),
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("n", count),
    Column("accepted so far", count),
)


def page(report: SimulationReport) -> Page:
    """What `afl simulate` came to."""
    rows = [[name, value.value, value.ci95, value.n, accepted] for name, value, accepted in _arms(report)]
    results = Section("", (Text(f"{counts(report).capitalize()}."), Table.of("", _COLUMNS, rows)))
    return Page(f"Run {report.run}", notes.warnings(stand_in=report.stand_in), (results, *usage(report)))


def counts(report: SimulationReport) -> str:
    """`10 sessions, 9 completed, 1 failed`"""
    return (
        f"{plural(report.sessions, 'session')}, {count(report.completed)} completed, {count(report.failed)} failed"
    )


def usage(report: SimulationReport) -> tuple[Section, ...]:
    """What this call took: calls, tokens, time, costs by agent, budget, concurrency."""
    llm = report.llm
    outcomes = ", ".join(f"{count(number)} {outcome}" for outcome, number in report.outcomes.items() if number)
    calls = (
        f"{plural(llm['calls'], 'call')} sent ({count(llm['journaled'])} more answered from the journal, "
        f"{plural(llm['retries'], 'retry', 'retries')}, "
        f"{plural(llm['repairs'], 'repair')}), "
        f"{count(llm['prompt_tokens'] + llm['completion_tokens'])} tokens, "
        f"{'cost unknown' if llm['cost_usd'] is None else dollars(llm['cost_usd'])}, {seconds(report.seconds)}"
    )
    blocks: list[Block] = [Text(f"Turns: {outcomes}.", "note"), Text(f"{calls}.", "note")]
    by_agent = costs.by_agent(report.costs)
    blocks += [by_agent] if by_agent else []
    lowered = costs.concurrency(report.pace)
    blocks += [lowered] if lowered else []
    blocks += [costs.budget(report.budget)] if report.budget else []
    return (Section("", tuple(blocks)),)


def _arms(report: SimulationReport) -> list[tuple[str, Estimate, int | None]]:
    """Base model, the agent after its first round, and the loop after each further round."""
    base = [("base model", report.base, None)] if report.base else []
    rounds = [
        (
            "agent, 1 round" if entry.round == 1 else f"loop, {plural(entry.round, 'round')}",
            entry.hit_rate_at_1,
            entry.accepted,
        )
        for entry in report.by_round
    ]
    completed = report.hit_rate_at_1_completed
    without = [("completed sessions only", completed, None)] if report.failed and completed else []
    return [*base, *rounds, *without]
