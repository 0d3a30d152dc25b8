"""`afl compare`: two runs over the same sessions, session by session."""

from typing import TYPE_CHECKING, Annotated

from afl.option import Argument
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.run import Run
    from memory.store import Store
    from simulations.analysis.ranked_lists import ListComparison
    from simulations.analysis.run_comparison import RunComparison


def compare(
    a: Annotated[str, Argument("Name of the first run", "A")],
    b: Annotated[str, Argument("Name of the second run", "B")],
    *,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "RunComparison":
    """Compare two runs over the same sessions and candidate lists: is B better than A, or is it noise?

    Positive differences speak for `b`. Raises `NotFoundError` for a run that is not there, `UsageError` where the two
    are over different sessions.
    """

    async def comparison(store: "Store") -> "RunComparison":
        from simulations.analysis.run_comparison import compare_runs, require_same_sessions

        first, second = await store.run(a), await store.run(b)
        require_same_sessions(first, second)
        rows = await first.session_rows(), await second.session_rows()
        return compare_runs(first, second, rows, ranked=await _ranked(first, second))

    return with_store(db, settings, comparison)


async def _ranked(a: "Run", b: "Run") -> "list[ListComparison]":
    """The lists of two ranking runs, as far as both are long; none of runs that made none."""
    from simulations.analysis.ranked_lists import compare_lists, target_ranks_by_session
    from simulations.task.run_kind import RunKind

    kinds = [RunKind.from_config(run.config) for run in (a, b)]
    if not all(kind.ranks for kind in kinds):
        return []
    top = min(kind.listed for kind in kinds)
    ranks = [target_ranks_by_session(await run.target_ranks()) for run in (a, b)]
    return compare_lists(*ranks, top=top, names=(a.name, b.name))
