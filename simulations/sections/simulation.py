"""A simulation: hit rates by round beside the base model, calls and costs."""

from collections.abc import Iterator

from simulations.analysis.simulation_report import SimulationReport
from simulations.document.formats import count, dollars, plural, seconds
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.sections import costs, failures, hit_rates, notes, setup


def page(report: SimulationReport) -> Page:
    """The page of `afl simulate`."""
    columns = (Column("arm"), *hit_rates.ROUND_NUMBERS)
    results = Section("", (Text(f"{counts(report).capitalize()}."), Table.of("", columns, list(_arms(report)))))
    return Page(f"Run {report.run}", notes.warnings(stand_in=report.stand_in), (results, *usage(report)))


def counts(report: SimulationReport) -> str:
    """`10 sessions, 9 completed, 1 failed`"""
    return (
        f"{plural(report.sessions, 'session')}, {count(report.completed)} completed, {count(report.failed)} failed"
    )


def usage(report: SimulationReport) -> tuple[Section, ...]:
    """Calls, tokens, time, costs by agent, budget and concurrency of this call."""
    llm = report.llm
    outcomes = ", ".join(f"{count(number)} {outcome}" for outcome, number in report.outcomes.items() if number)
    calls = (
        f"{plural(llm['calls'], 'call')} sent ({count(llm['journaled'])} more answered from the journal, "
        f"{plural(llm['retries'], 'retry', 'retries')}, "
        f"{plural(llm['repairs'], 'repair')}), "
        f"{count(llm['prompt_tokens'] + llm['completion_tokens'])} tokens, "
        f"{'cost unknown' if llm['cost_usd'] is None else dollars(llm['cost_usd'])}, {seconds(report.seconds)}"
    )
    hint = failures.unreadable_hint(report.outcomes, structured=report.structured)
    blocks: list[Block] = [
        Text(f"Turns: {outcomes}.", "note"),
        *([hint] if hint else []),
        Text(f"{calls}.", "note"),
    ]
    by_agent = costs.by_agent(report.costs, usage=report.by_role)
    blocks += [by_agent] if by_agent else []
    reasoning = costs.reasoning({role: usage["reasoning_tokens"] for role, usage in report.by_role.items()})
    blocks += [reasoning] if reasoning else []
    blocks += setup.adaptations_notes(report.adaptations)
    blocks += costs.price_lists(report.price_lists)
    blocks += costs.concurrency(report.pace)
    blocks += [costs.budget(report.budget)] if report.budget else []
    return (Section("", tuple(blocks)),)


def _arms(report: SimulationReport) -> Iterator[list[object]]:
    """Base model, the agent after its first round, and the loop after each further round."""
    if report.base:
        yield ["base model", *hit_rates.arm_cells(report.base)]
    for after in report.by_round:
        name = "agent, 1 round" if after.round == 1 else f"loop, {plural(after.round, 'round')}"
        yield [name, *hit_rates.round_cells(after)]
    if report.failed and report.hit_rate_at_1_completed:
        yield ["completed sessions only", *hit_rates.arm_cells(report.hit_rate_at_1_completed)]
