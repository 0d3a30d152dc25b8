"""`afl rescore`: what today's parsers and metrics make of stored replies, turn by turn and in numbers."""

from typing import TYPE_CHECKING

from rich.console import Console

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from memory.records import TurnRecord
    from simulations.analysis.run_numbers import Numbers
    from simulations.rescoring.run import Rescoring

LISTED = 40
"""Turns listed for people; `--json` holds all."""


def show(found: "Rescoring", out: Console | None = None) -> None:
    """Prints how many turns were read again, those that read otherwise, and the numbers before and after."""
    out = out or console()
    for line in _summary(found):
        out.print(plain(line))
    if found.changes:
        _changes(found, out)
    if found.changed:
        _numbers(found.before, found.after, out)
    if found.note:
        out.print(plain(found.note))


def _summary(found: "Rescoring") -> list[str]:
    lines = [
        f"{found.turns:,} turns of run {found.run} read again, {len(found.changes):,} read otherwise than recorded"
    ]
    if found.left:
        lines.append(f"{found.left:,} later turns are left as recorded, or would not have been")
    if found.unread:
        lines.append(f"{found.unread:,} turns are left as recorded: they are of an agent that is not AFL's own")
    if not found.changed:
        lines.append("nothing changes")
    return lines


def _changes(found: "Rescoring", out: Console) -> None:
    shown = table("session", "turn", "recorded", "now", "then the dialogue")
    for change in found.changes[:LISTED]:
        key = change.was.key
        turn = f"{key.phase} {key.round}, {key.role}"
        was, now = _said(change.was), _said(change.now)
        if was == now:
            was, now = f"{was}: {change.was.reason}", f"{now}: {change.now.reason}"
        shown.add_row(*(plain(cell) for cell in (key.subject, turn, was, now, _COURSE[change.divergence.value])))
    out.print(shown)
    if len(found.changes) > LISTED:
        out.print(plain(f"and {len(found.changes) - LISTED} more: --json has them all"), style="dim")


_COURSE = {
    "same": "stays as it was",
    "ends": "ends here",
    "goes_on": "goes on",
    "other": "is about something else",
    "repair": "has a repair turn",
}


def _said(turn: "TurnRecord") -> str:
    """An answer in a word or two: the decision, the items, or why there is none."""
    if turn.outcome.value != "ok":
        return turn.outcome.value
    if turn.decision is not None:
        return "yes" if turn.decision else "no"
    return ", ".join(turn.ranking) or turn.item or "-"


def _numbers(before: "Numbers", after: "Numbers", out: Console) -> None:
    shown = table("", "recorded", "now", right=("recorded", "now"))
    now = _rows(after)
    for name, value in _rows(before).items():
        shown.add_row(name, value, now[name])
    out.print(shown)


def _rows(numbers: "Numbers") -> dict[str, str]:
    rows = {
        "hit rate @1": f"{numbers.hit_rate_at_1.value:.4f}",
        "accepted": f"{numbers.accepted:,}",
        "failed": f"{numbers.failed:,}",
    }
    for ratio, scores in numbers.judged.items():
        rows |= {f"{metric}, {ratio}": f"{getattr(scores, metric).value:.4f}" for metric in _JUDGED}
    return rows | {metric: f"{estimate.value:.4f}" for metric, estimate in numbers.ranked.items()}


_JUDGED = ("precision", "recall", "f1")
