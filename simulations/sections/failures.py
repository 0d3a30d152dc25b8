"""What failed, how, and how often: of sessions and of turns."""

from collections.abc import Sequence

from afl.metrics.intervals import wilson
from afl.types import Outcome
from simulations.analysis.loaded_run import LoadedRun
from simulations.document.formats import estimate, share
from simulations.document.page import Section, Table, Text

_KINDS = tuple(outcome.value for outcome in Outcome if outcome is not Outcome.OK)


def section(runs: Sequence[LoadedRun]) -> Section:
    """Both tables; where nothing failed, the words that say so."""
    failed = [
        run
        for run in runs
        if set(run.sessions_by_outcome) - {Outcome.OK} or run.turns_by_outcome.keys() - {Outcome.OK}
    ]
    if not failed:
        turns = sum(count for run in runs for count in run.turns_by_outcome.values())
        sessions = sum(len(run.records) for run in runs)
        return Section("Failures", (Text(f"None: {sessions:,} sessions with {turns:,} turns, all answered."),))
    return Section("Failures", (_sessions(runs), _turns(runs)))


def _sessions(runs: Sequence[LoadedRun]) -> Table:
    kinds = _seen([run.sessions_by_outcome for run in runs])
    rows = []
    for run in runs:
        n, counts = len(run.records), run.sessions_by_outcome
        failed = n - counts.get(Outcome.OK, 0)
        rows.append(
            [run.label, f"{n:,}", estimate(wilson(failed, n)), *(share(counts.get(kind, 0), n) for kind in kinds)]
        )
    columns = ["run", "sessions", "failed", *kinds]
    return Table.of("Sessions by how they failed", columns, rows, numbers=columns[1:])


def _turns(runs: Sequence[LoadedRun]) -> Table:
    kinds = _seen([run.turns_by_outcome for run in runs])
    rows = []
    for run in runs:
        counts = run.turns_by_outcome
        n = sum(counts.values())
        rows.append(
            [run.label, f"{n:,}", *(share(counts.get(kind, 0), n) for kind in kinds), str(run.calls.repairs)]
        )
    columns = ["run", "turns", *kinds, "repair turns"]
    return Table.of("Turns by how they failed, after repairs", columns, rows, numbers=columns[1:])


def _seen(counts: Sequence[object]) -> list[str]:
    """The kinds of failure that occur, in the order they are documented."""
    return [kind for kind in _KINDS if any(kind in one for one in counts)]  # type: ignore[operator]
