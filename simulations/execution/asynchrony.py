"""Runs the asynchronous inside of commands from ordinary code, also where a loop is running (notebooks)."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Wait(Protocol):
    """Runs a coroutine to its end and returns its result; all calls share one event loop."""

    def __call__(self, work: Awaitable[T], /) -> T: ...


@contextmanager
def waiting() -> Iterator[Wait]:
    """One event loop for several waits. Between them Ctrl-C interrupts ordinary code at once, as usual."""
    with asyncio.Runner() as runner:

        def wait(work: Awaitable[T]) -> T:
            return runner.run(_coroutine(work))

        yield wait


async def _coroutine(work: Awaitable[T]) -> T:
    return await work


def outside_event_loop(function: Callable[P, T]) -> Callable[P, T]:
    """The function, in a thread of its own where the caller's thread already runs an event loop."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return function(*args, **kwargs)
        with ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(function, *args, **kwargs).result()

    return call


@outside_event_loop
def wait_for(work: Awaitable[T]) -> T:
    """The result of one coroutine."""
    with waiting() as wait:
        return wait(work)
