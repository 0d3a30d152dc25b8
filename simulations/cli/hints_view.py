"""A knowledge base for people: its hints, what each was seen to do, and why others were not taken."""

from collections import Counter
from collections.abc import Mapping

from afl.hints.hint_records import Effect, HintRecord, Status
from memory.knowledge_bases import KnowledgeBaseRecord
from simulations.cli.cost_view import budget_line, show_costs
from simulations.cli.output import console, plain, table
from simulations.hints.report import TEXT, ExplorationReport


def show(record: KnowledgeBaseRecord, *, every: bool = False) -> None:
    """Prints the hints by number; with `every`, also the ones that were not taken."""
    out = console()
    out.print(plain(f"{record.name}: hints for {record.base.llm} on {record.base.dataset}"))
    taken = sorted((trial for trial in record.trials if trial.number is not None), key=lambda one: one.number or 0)
    shown = table("", "hint", "from", "there", "elsewhere", right=("",))
    for trial in taken:
        shown.add_row(str(trial.number), plain(trial.text), plain(_from(trial)), *_effects(trial))
    out.print(shown)
    others = [trial for trial in record.trials if trial.number is None]
    counts = Counter(trial.status for trial in others)
    if others:
        said = _counted({status.value: counts[status] for status in Status})
        out.print(plain(f"not taken: {len(others)} ({said})"))
    if every and others:
        out.print(_not_taken(others))


def show_exploration(report: ExplorationReport) -> None:
    """Prints what was found, how it ended, and what it took."""
    out = console()
    shown = table("", "hint", right=("",))
    for hint in report.base.hints:
        shown.add_row(str(hint.number), plain(hint.text))
    out.print(shown)
    looked = f"{report.sessions} sessions looked at, {report.wrong} lists without the target"
    failed = f", {report.failed} with calls that failed" if report.failed else ""
    unlisted = f", {report.unlisted} without a usable list" if report.unlisted else ""
    out.print(plain(f"{report.run}: {len(report.base.hints)} hints; {TEXT[report.ending]}"))
    out.print(plain(f"{looked}{unlisted}{failed}; {len(report.trials)} hints tried: {_counted(report.counts)}"))
    out.print(
        plain(
            f"{report.llm['calls']:,} calls, {report.llm['journaled']:,} from the journal; {report.seconds:.1f} s"
        )
    )
    show_costs(report.costs, out)
    if report.budget:
        out.print(plain(budget_line(report.budget)), style="dim")
    if report.stand_in:
        out.print("The offline model stands in for a language model: its numbers are not a real model's.")


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "none"


def _not_taken(others: list[HintRecord]) -> object:
    shown = table("status", "hint", "from", "why")
    for trial in others:
        shown.add_row(*(plain(text) for text in (trial.status.value, trial.text, _from(trial), trial.why)))
    return shown


def _from(trial: HintRecord) -> str:
    return trial.origin.source or f"session {trial.session}"


def _effects(trial: HintRecord) -> tuple[str, str]:
    """The target's place without and with the hint on its own session, and how many others it helped and hurt."""
    own, others = trial.origin.own, trial.origin.others
    there = "-" if own is None else f"{_place(own.before)} > {_place(own.after)}"
    helped, hurt = (sum(map(judge, others)) for judge in (_helped, _hurt))
    return there, f"+{helped} -{hurt} of {len(others)}" if others else "-"


def _helped(effect: Effect) -> bool:
    return effect.gain > 0


def _hurt(effect: Effect) -> bool:
    return effect.gain < 0


def _place(place: int | None) -> str:
    return "none" if place is None else str(place)
