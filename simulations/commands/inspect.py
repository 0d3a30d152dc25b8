"""`afl inspect`: the sessions of a run, and a dialogue turn by turn."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from afl.option import OUTPUT, RUN, Argument, Option
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.records import SessionRow, Transcript
    from memory.run import Run
    from memory.store import Store
    from simulations.analysis.inspection import Inspection


def inspect(
    run: Annotated[str, Argument("Name of the run", "RUN")],
    *,
    session: Annotated[str | None, Option("Session whose dialogue is shown", RUN, metavar="ID")] = None,
    prompts: Annotated[bool, Option("Also every request as sent and reply as received", OUTPUT)] = False,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "Inspection":
    """Read what the agents of a run said: its sessions, and one dialogue.

    The dialogue is that of `session`, or the first one in which the loop turned a miss into a hit. Raises
    `NotFoundError` for a run or session that is not there.
    """

    async def inspection(store: "Store") -> "Inspection":
        from simulations.analysis.inspection import Inspection

        recorded = await store.run(run)
        rows = await recorded.session_rows()
        dialogue = await _dialogue(recorded, session, rows)
        return Inspection(
            await recorded.summary(),
            rows,
            dialogue,
            await recorded.judgements(),
            candidates=() if dialogue is None else await _candidates(recorded, dialogue, settings),
            is_session_named=session is not None,
            target_ranks=[row.rank for row in await recorded.target_ranks()],
            prompts=prompts,
            adaptations=recorded.adaptations,
            price_lists=recorded.price_lists,
        )

    return with_store(db, settings, inspection)


async def _candidates(run: "Run", dialogue: "Transcript", settings: "Settings | None") -> Sequence[str] | None:
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings
    from simulations.task.candidate_titles import candidate_titles, titles_of_dataset

    datasets = DatasetStore((settings or Settings()).data_dir)
    return await candidate_titles(run, dialogue, lambda: titles_of_dataset(run.config, datasets))


async def _dialogue(run: "Run", session: str | None, rows: "Sequence[SessionRow]") -> "Transcript | None":
    if session is not None:
        return await run.transcript(session)
    return await run.transcript(most_telling_session(rows)) if rows else None


def most_telling_session(rows: "Sequence[SessionRow]") -> str:
    """The session that shows most: a hit won in the fewest further rounds, else the longest dialogue."""
    won = [row for row in rows if row.hit and row.suggestion != row.target and row.rounds > 1]
    if won:
        return min(won, key=lambda row: (row.rounds, row.position)).session
    return max(rows, key=lambda row: (row.completed, row.rounds, -row.position)).session
