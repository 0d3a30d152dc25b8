"""Failed sessions and turns, by how they failed."""

from collections.abc import Mapping, Sequence

from afl.metrics.intervals import wilson
from afl.types import Outcome
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import count, estimate, part
from simulations.document.page import Column, Section, Table, Text

_FAILURES = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.OK)


def section(runs: Sequence[LoadedRun]) -> Section:
    """A table of sessions and one of turns; where nothing failed, a sentence."""
    if not any(_kinds([run.sessions_by_outcome, run.turns_by_outcome]) for run in runs):
        turns = sum(sum(run.turns_by_outcome.values()) for run in runs)
        sessions = sum(len(run.records) for run in runs)
        return Section(
            "Failures", (Text(f"None: {count(sessions)} sessions with {count(turns)} turns, all answered."),)
        )
    return Section("Failures", (_sessions(runs), _turns(runs)))


def _sessions(runs: Sequence[LoadedRun]) -> Table:
    kinds = _kinds([run.sessions_by_outcome for run in runs])
    rows = []
    for run in runs:
        n, counts = len(run.records), run.sessions_by_outcome
        failed = n - counts.get(Outcome.OK, 0)
        rows.append([run.label, n, wilson(failed, n), *((counts.get(kind, 0), n) for kind in kinds)])
    columns = (
        Column("run"),
        Column("sessions", count),
        Column("failed", estimate),
        *(Column(kind, part) for kind in kinds),
    )
    return Table.of("Sessions by outcome", columns, rows)


def _turns(runs: Sequence[LoadedRun]) -> Table:
    kinds = _kinds([run.turns_by_outcome for run in runs])
    rows = []
    for run in runs:
        counts = run.turns_by_outcome
        n = sum(counts.values())
        rows.append([run.label, n, *((counts.get(kind, 0), n) for kind in kinds), run.calls.repairs])
    columns = (
        Column("run"),
        Column("turns", count),
        *(Column(kind, part) for kind in kinds),
        Column("repair turns", count),
    )
    return Table.of("Turns by outcome, after repairs", columns, rows)


def _kinds(counts: Sequence[Mapping[str, int]]) -> list[str]:
    """The kinds of failure that occur, in the order they are documented."""
    return [kind for kind in _FAILURES if any(kind in of_run for of_run in counts)]
