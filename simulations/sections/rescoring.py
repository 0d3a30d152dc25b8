"""Stored replies under today's parsers and metrics: turns whose answer changes, numbers before and after."""

from memory.records import TurnRecord
from simulations.analysis.run_numbers import RunNumbers
from simulations.analysis.user_simulation import METRICS
from simulations.document.formats import count, metric, plural, rate
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.rescoring.run import Rescoring
from simulations.rescoring.sessions import Divergence

LISTED = 40
"""Turns listed for people; `--json` holds all."""

_CHANGES = (
    Column("session"),
    Column("turn"),
    Column("recorded"),
    Column("now"),
    Column("rest of the dialogue"),
)
_DIVERGENCES = {
    Divergence.SAME: "unchanged",
    Divergence.ENDS: "ends here",
    Divergence.GOES_ON: "would go on",
    Divergence.OTHER: "answers something else",
    Divergence.REPAIR: "would have a repair turn",
}


def page(rescoring: Rescoring) -> Page:
    """The page of `afl rescore`."""
    sections = [Section("", tuple(_summary(rescoring)))]
    if rescoring.changes:
        sections.append(Section("Turns that read differently", (_changes(rescoring),)))
    if rescoring.changed:
        sections.append(Section("Numbers", tuple(_numbers(rescoring.before, rescoring.after))))
    if rescoring.note:
        sections.append(Section("", (Text(rescoring.note),)))
    return Page(f"Run {rescoring.run}", (), tuple(sections))


def _summary(rescoring: Rescoring) -> list[Block]:
    read = (
        f"{plural(rescoring.turns, 'turn')} parsed again, {count(len(rescoring.changes))} differ from the record."
    )
    left = f"{plural(rescoring.left, 'later turn')} left as recorded: after such a turn the dialogue would differ."
    unread = f"{plural(rescoring.unread, 'turn')} left as recorded: the agent is not one of AFL's."
    return [
        Text(read),
        *([Text(left)] if rescoring.left else []),
        *([Text(unread)] if rescoring.unread else []),
        *([] if rescoring.changed else [Text("Nothing changes.")]),
    ]


def _changes(rescoring: Rescoring) -> Table:
    rows = []
    for change in rescoring.changes:
        key, was, now = change.before.key, _answer(change.before), _answer(change.after)
        if was == now:
            was, now = f"{was}: {change.before.reason}", f"{now}: {change.after.reason}"
        turn = f"{key.phase} {key.round}, {key.role}"
        rows.append([key.subject, turn, was, now, _DIVERGENCES[change.divergence]])
    return Table.of("", _CHANGES, rows, most=LISTED)


def _answer(turn: TurnRecord) -> str:
    """The decision, the items, or the outcome where there is neither."""
    if turn.outcome.value != "ok":
        return turn.outcome.value
    if turn.decision is not None:
        return "yes" if turn.decision else "no"
    return ", ".join(turn.ranking) or turn.item or "–"


def _numbers(before: RunNumbers, after: RunNumbers) -> list[Block]:
    counts = [
        ["accepted", before.accepted, after.accepted],
        ["failed", before.failed, after.failed],
    ]
    rates, now = _rates(before), _rates(after)
    names = (Column("recorded", rate), Column("now", rate))
    return [
        Table.of("", (Column("metric"), *names), [[name, value, now[name]] for name, value in rates.items()]),
        Table.of("", (Column("sessions"), Column("recorded", count), Column("now", count)), counts),
    ]


def _rates(numbers: RunNumbers) -> dict[str, float]:
    rates = {"HR@1": numbers.hit_rate_at_1.value}
    for ratio, scores in numbers.judged.items():
        rates |= {f"{metric(name)}, {ratio}": getattr(scores, name).value for name in METRICS}
    return rates | {metric(name): value.value for name, value in numbers.ranked.items()}
