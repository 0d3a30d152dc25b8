"""Many callers, few messages: what gathers while a message is on its way goes with the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

AT_ONCE = 256
"""The most that is asked for in one message."""

Request = TypeVar("Request")
Grant = TypeVar("Grant")
Event = TypeVar("Event")


class RequestBatcher(Generic[Request, Grant]):
    """Callers wait in the order they came; one message at a time asks for all of them.

    `request` answers for the first ones, at least one, and is sent again for the others. What is granted to a caller
    who has given up goes to `unwanted`. An error of `request` is raised by all who wait.
    """

    def __init__(
        self, request: Callable[[Sequence[Request]], Awaitable[Sequence[Grant]]], unwanted: Callable[[Grant], None]
    ) -> None:
        self._request = request
        self._unwanted = unwanted
        self._waiting: deque[tuple[Request, asyncio.Future[Grant]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, ask: Request) -> Grant:
        """What is granted."""
        place: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, place))
        if self._task is None:
            self._task = asyncio.create_task(self._turn())
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self._unwanted(place.result())  # granted and cancelled at the same time
            raise

    async def _turn(self) -> None:
        try:
            while self._waiting:
                asked = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                granted = await self._granted([entry for entry in asked if not entry[1].done()])
                self._waiting.extendleft(reversed(granted))
        finally:
            self._task = None

    async def _granted(
        self, asked: Sequence[tuple[Request, asyncio.Future[Grant]]]
    ) -> Sequence[tuple[Request, asyncio.Future[Grant]]]:
        """Lets the first ones through; the rest."""
        if not asked:
            return []
        try:
            grants = await self._request([ask for ask, _ in asked])
        except Exception as error:
            for _, place in asked:
                if not place.done():
                    place.set_exception(error)
            return []
        for (_, place), grant in zip(asked, grants, strict=False):
            if place.done():
                self._unwanted(grant)
            else:
                place.set_result(grant)
        return asked[len(grants) :]


class Outbox(Generic[Event]):
    """Events on their way to who wants to know them, in order, a message at a time."""

    def __init__(self, send: Callable[[Sequence[Event]], Awaitable[None]]) -> None:
        self._send = send
        self._events: list[Event] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, event: Event) -> None:
        """Sends it, sooner or later."""
        self._events.append(event)
        if self._task is None:
            self._task = asyncio.create_task(self._drain())

    async def empty(self) -> None:
        """Returns once everything was sent."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            while self._events:
                events, self._events = self._events, []
                await self._send(events)
        finally:
            self._task = None
