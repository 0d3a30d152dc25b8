"""`afl inspect`: read what the agents of a run said."""

from collections.abc import Sequence

from afl.settings import Settings
from memory.records import SessionRow, Transcript
from memory.run import Run
from memory.store import Store
from simulations.analysis.inspection import Inspection
from simulations.execution.asynchrony import wait_for


def inspect(
    run: str, *, session: str | None = None, db: str | None = None, settings: Settings | None = None
) -> Inspection:
    """The run with one dialogue: `session`'s, or the first one in which the loop turned a miss into a hit.

    Raises `NotFoundError` for a run or session that is not there.
    """
    return wait_for(_inspect(run, session, db or (settings or Settings()).db_url))


async def _inspect(name: str, session: str | None, url: str) -> Inspection:
    async with await Store.open(url) as store:
        run = await store.run(name)
        rows = await run.session_rows()
        return Inspection(
            await run.summary(),
            rows,
            await _dialogue(run, session, rows),
            await run.judgements(),
            chosen=session is not None,
            target_ranks=[row.place for row in await run.target_ranks()],
        )


async def _dialogue(run: Run, session: str | None, rows: Sequence[SessionRow]) -> Transcript | None:
    if session is not None:
        return await run.transcript(session)
    return await run.transcript(telling(rows)) if rows else None


def telling(rows: Sequence[SessionRow]) -> str:
    """The session that shows most: a hit won in the fewest further rounds, else the longest dialogue."""
    won = [row for row in rows if row.hit and row.suggestion != row.target and row.rounds > 1]
    if won:
        return min(won, key=lambda row: (row.rounds, row.position)).session
    return max(rows, key=lambda row: (row.completed, row.rounds, -row.position)).session
