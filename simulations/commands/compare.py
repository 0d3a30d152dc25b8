"""`afl compare`: two runs over the same sessions, session by session."""

from afl.settings import Settings
from memory.run import Run
from memory.store import Store
from simulations.analysis.list_comparison import ListComparison, compare_lists, places_by_session
from simulations.analysis.run_comparison import RunComparison, compare_runs, require_same_sessions
from simulations.execution.asynchrony import wait_for
from simulations.task.run_kind import RunKind


def compare(a: str, b: str, *, db: str | None = None, settings: Settings | None = None) -> RunComparison:
    """How run `b` did against run `a` over the same sessions and candidate lists, from the database alone.

    Raises `NotFoundError` for a run that is not there, `UsageError` where the two are over different sessions.
    """
    return wait_for(_compare(a, b, db or (settings or Settings()).db_url))


async def _compare(a: str, b: str, url: str) -> RunComparison:
    async with await Store.open(url) as store:
        first, second = await store.run(a), await store.run(b)
        require_same_sessions(first, second)
        rows = await first.session_rows(), await second.session_rows()
        return compare_runs(first, second, rows, ranked=await _ranked(first, second))


async def _ranked(a: Run, b: Run) -> list[ListComparison]:
    """The lists of two ranking runs, as far as both are long; none of runs that made none."""
    kinds = [RunKind.from_config(run.config) for run in (a, b)]
    if not all(kind.ranks for kind in kinds):
        return []
    top = min(kind.listed for kind in kinds)
    ranks = [places_by_session(await run.target_ranks()) for run in (a, b)]
    return compare_lists(*ranks, top=top, names=(a.name, b.name))
