"""Runs: the list of all, and one run with its first sessions."""

from collections.abc import Sequence
from datetime import datetime

from memory.records import JudgementRow, RunSummary, SessionRow
from simulations.analysis.inspection import Inspection
from simulations.document.formats import count, date, dollars, interval, metric, plural, progress, rate
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.sections import costs, setup
from simulations.task.run_kind import RunKind

LISTED = 10
"""Sessions listed when none is named."""

_RUNS = (
    Column("run"),
    Column("started", date),
    Column("status"),
    Column("data set"),
    Column("model"),
    Column("sessions", progress),
    Column("failed", count),
    Column("HR@1", rate),
    Column("calls", count),
    Column("tokens", count),
    Column("cost", dollars),
)
_SESSIONS = (
    Column("session"),
    Column("rounds", count),
    Column("accepted"),
    Column("outcome"),
    Column("recommended"),
    Column("target"),
    Column("hit"),
)
_JUDGED = (
    Column("session"),
    *(Column(name, count) for name in ("judged", "wanted", "yes", "true positives", "no answer")),
)


def page(runs: Sequence[RunSummary]) -> Page:
    """A run per row."""
    if not runs:
        return Page("", (Text("No run yet; try: afl simulate --dataset demo --llm offline"),))
    return Page("", (), (Section("", (Table.of("", _RUNS, [_run(run) for run in runs]),)),))


def overview(inspection: Inspection) -> Page:
    """A run's hit rate (of a ranking run HR@k and NDCG@k) and its first sessions."""
    run, kind = inspection.run, inspection.kind
    totals = run.totals
    recorded = totals.completed + totals.failed
    counts = f"{count(recorded)} of {plural(totals.sessions, 'session')} recorded, {count(totals.failed)} failed."
    blocks: list[Block] = [Text(counts)]
    if not kind.same_model:
        blocks.append(Text(f"Language models: {kind.model_names}.", "note"))
    blocks += setup.adaptations_notes(inspection.adaptations)
    blocks += costs.price_lists(inspection.price_lists)
    if recorded and kind.recommends:
        blocks.append(_scores(inspection, recorded))
    if kind.loop and inspection.sessions:
        blocks.append(Table.of("", _SESSIONS, [_session(row) for row in inspection.sessions[:LISTED]]))
    if inspection.judgements:
        blocks.append(_judged(inspection.judgements))
    more = len(inspection.sessions) - LISTED
    if more > 0:
        blocks.append(Text(f"and {count(more)} more; one of them: afl inspect {run.name} --session ID", "note"))
    return Page(f"Run {run.name}", (), (Section("", tuple(blocks)),))


def _run(run: RunSummary) -> list[object]:
    totals, calls = run.totals, run.totals.calls
    recorded = totals.completed + totals.failed
    return [
        run.name,
        datetime.fromtimestamp(run.created),
        run.status,
        run.config.get("dataset"),
        RunKind.from_config(run.config).model_names,
        (recorded, totals.sessions),
        totals.failed,
        totals.hits / recorded if recorded and RunKind.from_config(run.config).recommends else None,
        calls.calls,
        calls.prompt_tokens + calls.completion_tokens,
        calls.cost_usd,
    ]


def _scores(inspection: Inspection, recorded: int) -> Block:
    scores = inspection.list_scores
    if not scores:
        return Text(f"HR@1 {rate(inspection.run.totals.hits / recorded)}.")
    columns = (Column("metric"), Column("value", rate), Column("95 % interval", interval))
    rows = [(metric(name), value.value, value.ci95) for name, value in scores.items()]
    return Table.of("", columns, rows)


def _session(row: SessionRow) -> list[object]:
    return [
        row.session,
        row.rounds,
        "yes" if row.accepted else "no",
        row.outcome,
        row.item,
        row.target,
        "hit" if row.hit else "",
    ]


def _judged(judgements: Sequence[JudgementRow]) -> Table:
    """Of the first sessions, how many judged items were wanted, got a yes, and both."""
    by_session: dict[str, list[JudgementRow]] = {}
    for row in judgements:
        by_session.setdefault(row.session, []).append(row)
    rows = []
    for session, judged in [*by_session.items()][:LISTED]:
        yes = [row for row in judged if row.decision]
        wanted, unanswered = sum(row.label for row in judged), sum(row.decision is None for row in judged)
        rows.append([session, len(judged), wanted, len(yes), sum(row.label for row in yes), unanswered])
    return Table.of("", _JUDGED, rows)
