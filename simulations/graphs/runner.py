"""Runs the sessions of a study through the loop, many at once, and hands each one over when it is done."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Protocol, cast

from langchain_core.runnables import RunnableConfig

from afl.data.sessions import Session
from afl.llm.time_limits import Deadlines
from simulations.graphs.dialogue import DialogueGraph
from simulations.graphs.state import DialogueState


class Recorder(Protocol):
    """Keeps what the dialogue of the session at a place led to; returns once it is on disk."""

    async def __call__(self, place: int, session: Session, state: DialogueState) -> None: ...


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
        """Returns when every session, which comes with its place, is recorded.

        An error that no retry can mend stops all, and is raised; so does the end of the run's time, with
        `TimeLimitError`.
        """
        queue = iter(sessions)
        async with calm_collector():
            try:
                async with self.deadlines.run(), asyncio.TaskGroup() as group:
                    for _ in range(self.concurrency):
                        group.create_task(self._work(queue, record))
                        # One after the other: begun at once, all would ask, and wait, at the same time.
                        await asyncio.sleep(0)
            except BaseExceptionGroup as failures:
                raise first_of(failures) from None

    async def _work(self, queue: Iterator[tuple[int, Session]], record: Recorder) -> None:
        for place, session in queue:
            await record(place, session, await self.play(session))

    async def play(self, session: Session) -> DialogueState:
        """One dialogue, to its end."""
        self.deadlines.begin(session.id)
        state = await self.graph.ainvoke({"view": session.view}, self.config)
        self.deadlines.end(session.id)
        return cast(DialogueState, state)


@asynccontextmanager
async def calm_collector() -> AsyncIterator[None]:
    """The garbage collector out of the way: a run makes many short-lived objects and few cycles.

    What was there before is not looked at until the end, and not now either: that alone takes as long as a reply.
    Restored on leaving, since a caller's own program goes on afterwards.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error that is not itself a group."""
    leaf: BaseException = group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf
