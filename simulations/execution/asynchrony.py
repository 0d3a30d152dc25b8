"""Runs the asynchronous parts of commands from ordinary code, also inside a running event loop (notebooks)."""

import asyncio
import ctypes
import functools
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_any
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.store import Store

P = ParamSpec("P")
T = TypeVar("T")

_POLL = 0.1
"""Seconds after which a caller that waits for its thread looks whether it was interrupted."""


class Wait(Protocol):
    """Runs a coroutine to its end and returns its result; all calls share one event loop."""

    def __call__(self, work: Awaitable[T], /) -> T: ...


@contextmanager
def event_loop() -> Iterator[Wait]:
    """One event loop for several waits. Between them Ctrl-C interrupts ordinary code at once, as usual."""
    interruption = _interruption.get()
    with asyncio.Runner() as runner:

        def wait(work: Awaitable[T]) -> T:
            if interruption is None:
                return runner.run(_coroutine(work))
            with interruption.ends_wait():
                return runner.run(interruption.cancellable(work))

        yield wait


async def _coroutine(work: Awaitable[T]) -> T:
    return await work


class Interruption:
    """Carries a KeyboardInterrupt into a worker thread, where Python itself never raises one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: int | None = None
        self._task: asyncio.Task[object] | None = None
        self._requested = False

    def run(self, function: Callable[[], T]) -> T:
        """Calls the function in the worker thread."""
        _interruption.set(self)
        self._thread = threading.get_ident()
        try:
            return function()
        finally:
            with self._lock:
                self._thread = None

    def interrupt(self) -> None:
        """Cancels what the worker waits for, or raises KeyboardInterrupt in its ordinary code."""
        with self._lock:
            if self._task is not None:
                self._requested = True
                self._task.get_loop().call_soon_threadsafe(self._task.cancel)
            elif self._thread is not None:
                exception = ctypes.py_object(KeyboardInterrupt)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), exception)

    async def cancellable(self, work: Awaitable[T]) -> T:
        """The result of `work`; `interrupt` cancels it."""
        with self._lock:
            self._task = asyncio.current_task()
        try:
            return await work
        finally:
            with self._lock:
                self._task = None

    @contextmanager
    def ends_wait(self) -> Iterator[None]:
        """Raises KeyboardInterrupt where a wait inside was interrupted; later waits, which clean up, are not."""
        try:
            yield
        finally:
            requested, self._requested = self._requested, False
            if requested:
                raise KeyboardInterrupt


_interruption: ContextVar[Interruption | None] = ContextVar("interruption", default=None)


def outside_event_loop(function: Callable[P, T]) -> Callable[P, T]:
    """The function, in a thread of its own where the caller's thread already runs an event loop.

    An interrupt of the caller (a notebook's stop button) interrupts that thread too; the function has ended when it is
    raised.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return function(*args, **kwargs)
        interruption = Interruption()
        with ThreadPoolExecutor(max_workers=1) as pool:
            work = functools.partial(function, *args, **kwargs)
            return _result(pool.submit(copy_context().run, interruption.run, work), interruption)

    return call


def _result(future: Future[T], interruption: Interruption) -> T:
    while not future.done():
        try:
            # Not in one go: where another thread received the signal, or on Windows, a wait is not woken by it.
            wait_for_any([future], timeout=_POLL)
        except KeyboardInterrupt:
            interruption.interrupt()
    return future.result()


@outside_event_loop
def wait_for(work: Awaitable[T]) -> T:
    """The result of one coroutine."""
    with event_loop() as wait:
        return wait(work)


def with_store(db: str | None, settings: "Settings | None", use: "Callable[[Store], Awaitable[T]]") -> T:
    """The result of `use` of the database `db`, or of that of the settings. Raises `StorageError`."""
    from afl.settings import Settings
    from memory.store import Store

    async def opened() -> T:
        async with await Store.open(db or (settings or Settings()).db_url) as store:
            return await use(store)

    return wait_for(opened())
