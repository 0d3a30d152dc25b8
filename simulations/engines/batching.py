"""Many callers, few messages: what is submitted while a message is on its way goes with the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

MAX_BATCH = 256
"""Requests in one message at most."""

Request = TypeVar("Request")
Grant = TypeVar("Grant")
Event = TypeVar("Event")


class RequestBatcher(Generic[Request, Grant]):
    """Callers wait in the order they came; one message at a time carries the requests of all of them.

    `send` grants the first of its requests, at least one, and is called again for the others. What is granted to a
    caller that was cancelled goes to `give_back`. An error of `send` is raised in all waiting callers.
    """

    def __init__(
        self, send: Callable[[Sequence[Request]], Awaitable[Sequence[Grant]]], give_back: Callable[[Grant], None]
    ) -> None:
        self._send = send
        self._give_back = give_back
        self._waiting: deque[tuple[Request, asyncio.Future[Grant]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def submit(self, request: Request) -> Grant:
        """What is granted."""
        future: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None:
            self._task = asyncio.create_task(self._send_batches())
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self._give_back(future.result())  # granted and cancelled at the same time
            raise

    async def _send_batches(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
                not_granted = await self._send_batch([entry for entry in batch if not entry[1].done()])
                self._waiting.extendleft(reversed(not_granted))
        finally:
            self._task = None

    async def _send_batch(
        self, batch: Sequence[tuple[Request, asyncio.Future[Grant]]]
    ) -> Sequence[tuple[Request, asyncio.Future[Grant]]]:
        """Hands out what is granted; the rest of the batch."""
        if not batch:
            return []
        try:
            grants = await self._send([request for request, _ in batch])
        except Exception as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return []
        for (_, future), grant in zip(batch, grants, strict=False):
            if future.done():
                self._give_back(grant)
            else:
                future.set_result(grant)
        return batch[len(grants) :]


class Outbox(Generic[Event]):
    """Events on their way to a service, in order, one message at a time."""

    def __init__(self, send: Callable[[Sequence[Event]], Awaitable[None]]) -> None:
        self._send = send
        self._events: list[Event] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, event: Event) -> None:
        """Sends it soon."""
        self._events.append(event)
        if self._task is None:
            self._task = asyncio.create_task(self._send_events())

    async def empty(self) -> None:
        """Returns once everything was sent."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _send_events(self) -> None:
        try:
            while self._events:
                events, self._events = self._events, []
                await self._send(events)
        finally:
            self._task = None
