"""Calls of the language model and what they cost, per run, arm, agent and round; budget and concurrency."""

from collections.abc import Mapping, Sequence

from afl.llm.budget import BudgetReport
from afl.llm.language_model import PerRole
from afl.types import ConcurrencyChange, Phase, Role
from memory.costs import AgentCost
from simulations.analysis.calls import CallNumbers, RoleUsage
from simulations.analysis.loaded_run import LoadedRun
from simulations.analysis.study_report import StudyCosts
from simulations.document.formats import count, decimal, dollars, duration, latency, plural, price
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.execution.cost_estimate import CostEstimate

_NUMBERS = (
    Column("calls", count),
    Column("prompt tokens", count),
    Column("completion tokens", count),
    Column("cost", dollars),
)
_LATENCY = (
    Column("retries", count),
    Column("repairs", count),
    Column("mean latency", latency),
    Column("95 % below", latency),
)


_ESTIMATE = (
    Column("if the user agent"),
    Column("calls", decimal(0)),
    Column("prompt tokens", decimal(0)),
    Column("completion tokens", decimal(0)),
    Column("cost", dollars),
    Column("time", duration),
)


def of_runs(runs: Sequence[LoadedRun]) -> Section:
    """Per run, per agent and round, and the concurrency where the endpoint asked for fewer requests."""
    blocks: list[Block] = [_by_run(runs), _by_agent_of(runs)]
    if any(run.reasoning_tokens for run in runs):
        blocks.append(_reasoning_of(runs))
    blocks += price_lists(list(dict.fromkeys(name for run in runs for name in run.price_lists)))
    if lowered := [run for run in runs if lowerings(run.pace)]:
        blocks.append(_concurrency(lowered))
    return Section("Cost", tuple(blocks))


def of_study(costs: StudyCosts) -> Section | None:
    """Per arm, its study seeds together, and the budget; None where everything was free and there is no budget."""
    blocks: list[Block] = []
    if any(arm.usd != 0 for arm in costs.arms):
        rows = [[arm.arm, arm.calls, arm.tokens, arm.usd] for arm in costs.by_arm()]
        columns = (Column("arm"), Column("calls", count), Column("tokens", count), Column("cost", dollars))
        blocks.append(Table.of("", columns, rows))
    if costs.budget:
        blocks.append(budget(costs.budget))
    return Section("Cost", tuple(blocks)) if blocks else None


def estimate_page(estimate: CostEstimate) -> Page:
    """What `afl estimate` expects, between two extremes of the user agent."""
    cost = estimate.cost_usd
    spans = (estimate.calls, estimate.prompt_tokens, estimate.completion_tokens)
    rows = [
        ["accepts at once", *(span.least for span in spans), cost and cost.least, estimate.seconds.least],
        ["never accepts", *(span.most for span in spans), cost and cost.most, estimate.seconds.most],
    ]
    assumed = f"{estimate.reply_tokens} tokens and {estimate.latency:g} s per reply{_assumed_reasoning(estimate)}"
    note = Text(f"Assumed: 4 bytes per token, {assumed}, no repairs, no retries.", "note")
    names = " and ".join(model.name for model in estimate.models.distinct)
    title = f"{plural(estimate.sessions, 'session')} of {estimate.dataset} with {names}"
    tables = (Table.of("", _ESTIMATE, rows), *([_estimate_by_agent(estimate)] if estimate.has_two_models else []))
    return Page(title, (), (Section("", (*tables, note, *_prices(estimate))),))


def _prices(estimate: CostEstimate) -> list[Text]:
    """What a token of each model costs and where that is from, or how to state it; nothing of free models."""
    stated = "not known; price_prompt and price_completion of a profile, or a file of prices, state it"
    lines = []
    for model in estimate.models.distinct:
        known = model.price
        if known is not None and known.is_free:
            continue
        text = stated if known is None else price(known.prompt, known.completion, known.source)
        lines.append(Text(f"Price per million tokens of {model.name}: {text}.", "note"))
    return lines


def _assumed_reasoning(estimate: CostEstimate) -> str:
    """`, 1,000 tokens of reasoning before it`, with the models where only one of two reasons; empty without any."""
    models = [model for model in estimate.models.distinct if model.reasoning_tokens]
    if not models:
        return ""
    names = [model.name for model in models]
    whose = f" of {names[0]}" if estimate.has_two_models and len(names) == 1 else ""
    return f", {count(models[0].reasoning_tokens)} tokens of reasoning before each{whose}"


def _estimate_by_agent(estimate: CostEstimate) -> Table:
    rows = []
    for role in Role:
        part = estimate.parts.of(role)
        spans = (part.calls, part.prompt_tokens, part.completion_tokens)
        cost, name = part.own_cost, part.models.recommendation.name
        rows += [
            [f"{role} agent", name, "accepts at once", *(span.least for span in spans), cost and cost.least],
            [f"{role} agent", name, "never accepts", *(span.most for span in spans), cost and cost.most],
        ]
    return Table.of("By agent", (Column("agent"), Column("model"), *_ESTIMATE[:-1]), rows)


def by_agent(
    costs: Sequence[AgentCost], *, caption: str = "", usage: Mapping[str, RoleUsage] | None = None
) -> Table | None:
    """One agent in one round per row; None where everything was free.

    `usage`: by role; where it names two language models, each row names its own.
    """
    if all(cost.cost_usd == 0 for cost in costs):
        return None
    models = {role: entry["model"] for role, entry in (usage or {}).items()}
    if len({*models.values()}) < 2:
        return Table.of(caption, _columns("agent"), [_cells(cost) for cost in costs])
    rows = [_cells(cost, models.get(cost.role)) for cost in costs]
    return Table.of(caption, _columns("agent", "model"), rows)


def reasoning(tokens: Mapping[str, int | None]) -> Text | None:
    """Tokens that language models reasoned with, by role; None where there are none."""
    parts = [f"{count(number)} of the {role} agent" for role, number in tokens.items() if number]
    return Text(f"Reasoning tokens, part of the completion tokens: {', '.join(parts)}.", "note") if parts else None


def price_lists(names: Sequence[str]) -> list[Text]:
    """The lists whose prices costs were computed with, as a line of text, where there are any."""
    return [Text(f"Prices: {', '.join(names)}.", "note")] if names else []


def calls_table(lines: Sequence[CallNumbers], *, models: PerRole[str | None] | None = None) -> Table:
    """One agent in one round per row, with retries, repairs and latency; `models` where the agents ask two."""
    rows = [
        [
            f"{line.role} agent",
            *([models.of(line.role)] if models else []),
            Phase(line.phase).label if line.round is None else line.round,
            line.calls,
            line.prompt_tokens,
            line.completion_tokens,
            line.cost_usd,
            line.retries,
            line.repairs,
            line.latency,
            line.slow,
        ]
        for line in lines
    ]
    agent = [Column("agent"), *([Column("model")] if models else [])]
    return Table.of("By agent and round", (*agent, Column("round", str), *_NUMBERS, *_LATENCY), rows)


def budget(report: BudgetReport) -> Text:
    """How much of the budget is spent, and what to do when it is used up."""
    parts = []
    if report["usd"] is not None:
        parts.append(f"${report['spent_usd']:.6f} of ${report['usd']:g}")
    if report["tokens"] is not None:
        parts.append(f"{count(report['spent_tokens'])} of {count(report['tokens'])} tokens")
    line = f"budget: {', '.join(parts)} spent"
    if report["in_doubt_tokens"]:
        line += f", of which up to {_unconfirmed(report)} for calls without an answer"
    if report["overruns"]:
        line += f"; the provider reported more than was reserved for {report['overruns']} of the calls"
    if report["exhausted"]:
        line = (
            f"stopped at the {line}; the next reply could cost {_next_call(report)}; "
            "rerun the same command with a larger budget to resume"
        )
    return Text(line, "warning" if report["exhausted"] else "note")


def concurrency(pace: Sequence[ConcurrencyChange]) -> list[Text]:
    """Changes of the concurrency of each language model whose endpoint asked for fewer requests."""
    return [
        Text(
            f"{f'{role} agent: ' if role else ''}concurrency {changes[0].concurrency}, lowered {len(lowered)} times "
            f"(lowest {min(change.concurrency for change in lowered)}, last {changes[-1].concurrency})",
            "note",
        )
        for role, changes in _by_model(pace).items()
        if (lowered := lowerings(changes))
    ]


def lowerings(pace: Sequence[ConcurrencyChange]) -> list[ConcurrencyChange]:
    """The changes that the endpoint asked for."""
    return [change for change in pace if change.why not in ("begun", "well")]


def _by_model(pace: Sequence[ConcurrencyChange]) -> dict[str | None, list[ConcurrencyChange]]:
    """Changes by the agent whose language model they are about; under None where both ask the same."""
    changes: dict[str | None, list[ConcurrencyChange]] = {}
    for change in pace:
        changes.setdefault(change.role, []).append(change)
    return changes


def _by_run(runs: Sequence[LoadedRun]) -> Table:
    columns = (
        Column("run"),
        Column("calls", count),
        Column("calls per session", decimal(1)),
        Column("prompt tokens", count),
        Column("completion tokens", count),
        Column("retries", count),
        Column("cost", dollars),
    )
    rows = [
        [
            run.label,
            run.calls.calls,
            run.calls.calls / len(run.records) if run.records else None,
            run.calls.prompt_tokens,
            run.calls.completion_tokens,
            run.calls.retries,
            run.calls.cost_usd,
        ]
        for run in runs
    ]
    return Table.of("Language-model calls", columns, rows)


def _by_agent_of(runs: Sequence[LoadedRun]) -> Table:
    caption = "By agent and round"
    if all(run.kind.same_model for run in runs):
        rows = [[run.label, *_cells(cost)] for run in runs for cost in run.costs]
        return Table.of(caption, _columns("run", "agent"), rows)
    rows = [[run.label, *_cells(cost, run.kind.models.of(cost.role))] for run in runs for cost in run.costs]
    return Table.of(caption, _columns("run", "agent", "model"), rows)


def _columns(*names: str) -> tuple[Column, ...]:
    return (*map(Column, names), Column("round", str), *_NUMBERS)


def _reasoning_of(runs: Sequence[LoadedRun]) -> Table:
    columns = (Column("run"), Column("agent"), Column("reasoning tokens", count))
    rows = [
        [run.label, f"{role} agent", tokens]
        for run in runs
        for role, tokens in sorted(run.reasoning_tokens.items())
    ]
    return Table.of("Tokens that models reasoned with, part of the completion tokens", columns, rows)


def _cells(cost: AgentCost, *model: str | None) -> list[object]:
    return [
        f"{cost.role} agent",
        *model,
        cost.label,
        cost.calls,
        cost.prompt_tokens,
        cost.completion_tokens,
        cost.cost_usd,
    ]


def _concurrency(runs: Sequence[LoadedRun]) -> Table:
    columns = [Column("run"), *(Column(name, count) for name in ("first", "times lowered", "lowest", "last"))]
    rows = [
        [
            run.label,
            changes[0].concurrency,
            len(lowered),
            min(change.concurrency for change in lowered),
            changes[-1].concurrency,
            f"{role} agent" if role else None,
        ]
        for run in runs
        for role, changes in _by_model(run.pace).items()
        if (lowered := lowerings(changes))
    ]
    if any(row[-1] for row in rows):
        columns.append(Column("language model of the"))
    else:
        rows = [row[:-1] for row in rows]
    return Table.of("Concurrent requests, where the endpoint asked for fewer", columns, rows)


def _next_call(report: BudgetReport) -> str:
    """What the cheapest call that was not sent may cost, in the units of the budget."""
    parts = [] if report["usd"] is None else [f"${report['next_call_usd']:.6f}"]
    return " and ".join(parts if report["tokens"] is None else [*parts, f"{report['next_call_tokens']:,} tokens"])


def _unconfirmed(report: BudgetReport) -> str:
    if report["usd"] is None:
        return f"{count(report['in_doubt_tokens'])} tokens"
    return f"${report['in_doubt_usd']:.6f}"
