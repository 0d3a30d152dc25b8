"""Hints: the knowledge base and its exploration, the policy's training and its evaluation."""

from collections import Counter
from collections.abc import Mapping, Sequence

from afl.hints.knowledge_base import HintRecord, HintStatus
from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary
from simulations.document.formats import count, decimal, interval, percent, plural, rate, seconds, signed
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.graphs.exploration_state import StopReason
from simulations.hints.exploration_report import ExplorationReport
from simulations.hints.policy_reports import PolicyEvaluation, PolicyTrainReport
from simulations.sections import comparisons, costs, notes

STOP_REASONS = {
    StopReason.FULL: "the knowledge base is full",
    StopReason.SEEN: "every session was used",
    StopReason.STOPPED: "calls failed, no knowledge base was stored; rerun the same command to resume, "
    "with --skip-failed to leave failed calls out",
}


def bases_page(bases: Sequence[KnowledgeBaseSummary]) -> Page:
    """The knowledge bases of a database."""
    if not bases:
        return Page("", (Text("No knowledge base yet; try: afl hints explore"),))
    columns = (
        Column("knowledge base"),
        Column("data set"),
        Column("model"),
        Column("hints", count),
        Column("candidate hints", count),
        Column("run"),
    )
    rows = [[base.name, base.dataset, base.llm, base.hints, base.trials, base.run] for base in bases]
    return Page("", (), (Section("", (Table.of("", columns, rows),)),))


def base_page(record: KnowledgeBaseRecord, *, every: bool = False) -> Page:
    """The hints of a knowledge base, their origin and effects; with `every`, also those rejected, and why."""
    accepted = sorted(
        (trial for trial in record.trials if trial.number is not None), key=lambda trial: trial.number or 0
    )
    others = [trial for trial in record.trials if trial.number is None]
    columns = (
        Column("number", count),
        Column("hint"),
        Column("origin"),
        Column("target rank, own session"),
        Column("other sessions"),
    )
    rows = [[trial.number, trial.text, _origin(trial), *_effects(trial)] for trial in accepted]
    blocks: list[Block] = [Table.of("", columns, rows)]
    if others:
        counts = Counter(trial.status for trial in others)
        reasons = _counted({status.value: counts[status] for status in HintStatus})
        blocks.append(Text(f"Rejected: {len(others)} ({reasons})."))
    sections = [Section("", tuple(blocks))]
    if every and others:
        sections.append(Section("Rejected hints", (_rejected(others),)))
    title = f"Knowledge base {record.name}: hints for {record.base.llm} on {record.base.dataset}"
    return Page(title, (), tuple(sections))


def exploration_page(report: ExplorationReport) -> Page:
    """The page of `afl hints explore`."""
    columns = (Column("number", count), Column("hint"))
    rows = [[hint.number, hint.text] for hint in report.base.hints]
    counts = [
        plural(report.sessions, "session"),
        f"{count(report.mistakes)} lists without the target",
        *([f"{count(report.unlisted)} without a usable list"] if report.unlisted else []),
        *([f"{count(report.failed)} with failed calls"] if report.failed else []),
        f"{plural(len(report.records), 'candidate hint')} ({_counted(report.counts)})",
    ]
    llm = report.llm
    calls = (
        f"{plural(llm['calls'], 'call')} sent ({count(llm['journaled'])} more answered from the journal), "
        f"{seconds(report.seconds)}."
    )
    result = f"{plural(len(report.base.hints), 'hint')}; {STOP_REASONS[report.stop_reason]}."
    by_agent = costs.by_agent(report.costs)
    blocks: list[Block] = [
        Table.of("", columns, rows),
        Text(result),
        Text(f"{', '.join(counts)}."),
        Text(calls, "note"),
        *([by_agent] if by_agent else []),
        *([costs.budget(report.budget)] if report.budget else []),
    ]
    return Page(
        f"Exploration {report.run}", notes.warnings(stand_in=report.stand_in), (Section("", tuple(blocks)),)
    )


def training_page(report: PolicyTrainReport) -> Page:
    """The page of `afl hints train`: the learning curve, and mean rewards on the validation sessions."""
    sizes = report.sessions
    lead = (
        Text(
            f"{count(sizes['train'])} training and {count(sizes['valid'])} validation sessions, "
            f"{plural(len(report.base.hints), 'hint')}, reward {report.reward}."
        ),
    )
    title = f"Policy {report.name}"
    fitted = report.fitted
    if fitted is None:
        missing = f"{report.missing} lists are missing: their calls failed. Rerun the same command to resume."
        return Page(title, (*lead, Text(missing, "warning")))
    curve = Table.of(
        "Mean reward of the most likely action (* the selected checkpoint)",
        (
            Column("update"),
            Column("training", signed),
            Column("validation", signed),
            Column("entropy", decimal(2)),
        ),
        [
            [
                f"{point['update']}{' *' if point['update'] == fitted.update else ''}",
                point["train"],
                point["valid"],
                point["entropy"],
            ]
            for point in fitted.curve
        ],
    )
    arms = Table.of(
        "Mean reward on the validation sessions, on which every arm was selected",
        (Column("arm"), Column("validation", signed)),
        list(fitted.valid.items()),
    )
    stored = (
        f"Trained in {seconds(fitted.seconds)}, stored in {report.path}; next: afl hints evaluate {report.name}"
    )
    end = Text(stored, "note")
    stand_in = any(table.report.stand_in for table in report.tables)
    sections = (Section("Learning curve", (curve,)), Section("Validation", (arms,)), Section("", (end,)))
    return Page(title, (*lead, *notes.warnings(stand_in=stand_in)), sections)


def evaluation_page(report: PolicyEvaluation) -> Page:
    """The page of `afl hints evaluate`: arms, comparisons, and the policy's share of the oracle's gain."""
    columns = (
        Column("arm"),
        Column("NDCG@10", rate),
        Column("95 % interval", interval),
        Column("HR@10", rate),
        Column("distinct hints", count),
    )
    rows = [
        [
            ndcg.arm,
            ndcg.estimate.value,
            ndcg.estimate.ci95,
            hits.estimate.value,
            len(set(report.actions[ndcg.arm].tolist()) - {0}),
        ]
        for ndcg, hits in zip(report.ndcg, report.hit_rate, strict=True)
    ]
    held_out = report.held_out
    caption = "best_in_hindsight and oracle know the targets: bounds, not methods"
    results: list[Block] = [Table.of(caption, columns, rows)]
    if report.oracle_share is not None:
        results.append(
            Text(f"The policy gains {percent(report.oracle_share)} of what the oracle gains over no hint.")
        )
    failed = held_out.report.failed
    return Page(
        f"Policy {report.name} on {plural(len(held_out.task), 'held-out session')}, run {held_out.run}",
        notes.warnings(
            stand_in=held_out.report.stand_in,
            failed=f"{plural(failed, 'session')} failed: their lists count as misses." if failed else "",
        ),
        (Section("Results", tuple(results)), Section("Comparisons", comparisons.blocks(report.tests))),
    )


def _rejected(trials: Sequence[HintRecord]) -> Table:
    columns = (Column("status"), Column("hint"), Column("origin"), Column("reason"))
    return Table.of(
        "", columns, [[trial.status.value, trial.text, _origin(trial), trial.reason] for trial in trials]
    )


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count(number)} {status}" for status, number in counts.items() if number) or "none"


def _origin(trial: HintRecord) -> str:
    return trial.origin.source or f"session {trial.session}"


def _effects(trial: HintRecord) -> tuple[str | None, str | None]:
    """The target's rank without and with the hint in its own session; how many others it helped and hurt."""
    effect, others = trial.origin.own_effect, trial.origin.other_effects
    ranks = None if effect is None else f"{_rank(effect.before)} → {_rank(effect.after)}"
    helped, hurt = sum(effect.gain > 0 for effect in others), sum(effect.gain < 0 for effect in others)
    return ranks, f"{helped} better, {hurt} worse of {len(others)}" if others else None


def _rank(rank: int | None) -> str:
    return "unlisted" if rank is None else str(rank)
