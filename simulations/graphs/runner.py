"""Runs the sessions of a task through its graph, many at once, and hands each one over when it is done."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from langchain_core.runnables import RunnableConfig

from afl.data.sessions import Session
from afl.llm.time_limits import Deadlines
from simulations.graphs.dialogue import DialogueGraph, DialogueState


class Recorder(Protocol):
    """Records the final state of the session at a position of the task; returns once it is on disk."""

    async def __call__(self, position: int, session: Session, state: DialogueState) -> None: ...


class Runner:
    """`concurrency` workers pull sessions from one iterator, so memory does not grow with their number."""

    def __init__(
        self,
        graph: DialogueGraph,
        *,
        rounds: int,
        concurrency: int = 64,
        deadlines: Deadlines | None = None,
    ) -> None:
        self.graph = graph
        self.concurrency = concurrency
        self.deadlines = deadlines or Deadlines()
        self.config: RunnableConfig = {"recursion_limit": 2 * rounds + 2}

    async def run(self, sessions: Iterable[tuple[int, Session]], record: Recorder) -> None:
        """Returns when every session, given with its position, is recorded.

        An error that no retry can mend stops all, and is raised; so does the end of the run's time, with
        `TimeLimitError`.
        """
        queue = iter(sessions)
        async with fewer_garbage_collections():
            try:
                async with self.deadlines.run(), asyncio.TaskGroup() as group:
                    for _ in range(self.concurrency):
                        group.create_task(self._run_sessions(queue, record))
                        # Started one after the other: else all would ask, and wait, at the same time.
                        await asyncio.sleep(0)
            except BaseExceptionGroup as failures:
                raise first_error(failures) from None

    async def _run_sessions(self, queue: Iterator[tuple[int, Session]], record: Recorder) -> None:
        for position, session in queue:
            await record(position, session, await self.run_session(session))

    async def run_session(self, session: Session) -> DialogueState:
        """One session, to its end."""
        self.deadlines.begin(session.id)
        state = await self.graph.ainvoke({"view": session.view}, self.config)
        self.deadlines.end(session.id)
        return cast(DialogueState, state)


@asynccontextmanager
async def fewer_garbage_collections() -> AsyncIterator[None]:
    """Runs the garbage collector less often: a run makes many short-lived objects and few cycles.

    Objects that exist already are not examined until the end, and not now either: that alone takes as long as a
    reply. Restored on leaving, for the program of the caller.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error that is not itself a group."""
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
