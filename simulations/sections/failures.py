"""Failed sessions and turns, by how they failed."""

from collections.abc import Mapping, Sequence

from afl.metrics.intervals import wilson
from afl.types import Outcome
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import count, estimate, part
from simulations.document.page import Column, Section, Table, Text

_UNREADABLE = (Outcome.UNPARSED, Outcome.OFF_LIST)
_ASK_FOR_JSON = (
    "With --structured json-schema a reply is a JSON object whose item is one of the candidates, which small models "
    "manage too."
)
_NOT_FOLLOWED = "The endpoint does not make replies follow their JSON schema; `afl llm check` tells what it takes."
_FAILURES = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.OK)


def section(runs: Sequence[LoadedRun]) -> Section:
    """A table of sessions and one of turns; where nothing failed, a sentence."""
    if not any(_kinds([run.sessions_by_outcome, run.turns_by_outcome]) for run in runs):
        turns = sum(sum(run.turns_by_outcome.values()) for run in runs)
        sessions = sum(len(run.records) for run in runs)
        return Section(
            "Failures", (Text(f"None: {count(sessions)} sessions with {count(turns)} turns, all answered."),)
        )
    sessions_of_runs = {run.label: run.sessions_by_outcome for run in runs}
    turns_of_runs = {run.label: (run.turns_by_outcome, run.calls.repairs) for run in runs}
    blocks = [sessions_table(sessions_of_runs), turns_table(turns_of_runs)]
    hints = (
        unreadable_hint(run.turns_by_outcome, structured=all(run.kind.structured.distinct), run=run.label)
        for run in runs
    )
    return Section("Failures", (*blocks, *filter(None, hints)))


def unreadable_hint(turns: Mapping[str, int], *, structured: bool, run: str = "") -> Text | None:
    """What can be done where more than one turn in five had no answer that could be read: ask for JSON objects.

    `structured`: whether they were asked for, so that the endpoint does not make replies follow their schema.
    """
    unreadable, n = sum(turns.get(outcome, 0) for outcome in _UNREADABLE), sum(turns.values())
    if unreadable * 5 <= n:
        return None
    advice = _NOT_FOLLOWED if structured else _ASK_FOR_JSON
    lead = f"{run}: " if run else ""
    return Text(f"{lead}{part((unreadable, n))} turns had no answer that could be read. {advice}", "warning")


def sessions_table(outcomes: Mapping[str, Mapping[str, int]]) -> Table:
    """One run per row; `outcomes`: label -> outcome -> sessions."""
    kinds = _kinds(list(outcomes.values()))
    rows = []
    for label, counts in outcomes.items():
        n = sum(counts.values())
        failed = n - counts.get(Outcome.OK, 0)
        rows.append([label, n, wilson(failed, n), *((counts.get(kind, 0), n) for kind in kinds)])
    columns = (
        Column("run"),
        Column("sessions", count),
        Column("failed", estimate),
        *(Column(kind, part) for kind in kinds),
    )
    return Table.of("Sessions by outcome", columns, rows)


def turns_table(outcomes: Mapping[str, tuple[Mapping[str, int], int]], *, heading: str = "run") -> Table:
    """One run or agent per row; `outcomes`: label -> (outcome -> turns, repair turns)."""
    kinds = _kinds([counts for counts, _ in outcomes.values()])
    rows = []
    for label, (counts, repairs) in outcomes.items():
        n = sum(counts.values())
        rows.append([label, n, *((counts.get(kind, 0), n) for kind in kinds), repairs])
    columns = (
        Column(heading),
        Column("turns", count),
        *(Column(kind, part) for kind in kinds),
        Column("repair turns", count),
    )
    return Table.of("Turns by outcome, after repairs", columns, rows)


def _kinds(counts: Sequence[Mapping[str, int]]) -> list[str]:
    """The kinds of failure that occur, in the order they are documented."""
    return [kind for kind in _FAILURES if any(kind in of_run for of_run in counts)]
