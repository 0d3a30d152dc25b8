"""Commands where an event loop is running already, as in a notebook, and what its stop button does."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from afl.testing.server import FakeServer, running_server
from simulations import simulate
from simulations.execution.asynchrony import event_loop, outside_event_loop, wait_for

T = TypeVar("T")


def as_in_a_notebook(work: Callable[[], T]) -> T:
    """Calls ordinary code from inside a running event loop, on which Ctrl-C is Python's own."""

    async def cell() -> T:
        return work()

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(cell())
    finally:
        loop.close()


def press_stop_when(ready: Callable[[], bool]) -> None:
    """Interrupts the main thread, as a notebook's stop button does, once `ready` says so."""

    def press() -> None:
        while not ready():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press, daemon=True).start()


@pytest.fixture
def slow_server() -> Iterator[FakeServer]:
    with running_server(latency=0.05) as running:
        yield running


def test_a_coroutine_is_run_inside_a_running_loop() -> None:
    async def work() -> str:
        return threading.current_thread().name

    assert as_in_a_notebook(lambda: wait_for(work())) != threading.current_thread().name


def test_an_interrupt_cancels_what_is_waited_for_and_lets_it_clean_up() -> None:
    events: list[str] = []

    async def work() -> None:
        try:
            events.append("begun")
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            events.append("ended")

    press_stop_when(lambda: bool(events))
    with pytest.raises(KeyboardInterrupt):
        as_in_a_notebook(lambda: wait_for(work()))
    assert events == ["begun", "ended"]


def test_what_closes_things_after_an_interrupt_can_still_wait() -> None:
    events: list[str] = []

    async def record(event: str) -> None:
        events.append(event)

    async def endless() -> None:
        await record("begun")
        await asyncio.sleep(60)

    @outside_event_loop
    def command() -> None:
        with event_loop() as wait:
            try:
                wait(endless())
            finally:
                wait(record("closed"))

    press_stop_when(lambda: bool(events))
    with pytest.raises(KeyboardInterrupt):
        as_in_a_notebook(command)
    assert events == ["begun", "closed"]


def test_an_interrupt_ends_ordinary_code_between_waits() -> None:
    steps: list[int] = []

    @outside_event_loop
    def command() -> None:
        for step in range(300):
            steps.append(step)
            time.sleep(0.01)

    press_stop_when(lambda: len(steps) > 2)
    with pytest.raises(KeyboardInterrupt):
        as_in_a_notebook(command)
    assert len(steps) < 300


def test_an_error_of_the_work_is_raised_as_it_is() -> None:
    async def work() -> None:
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        as_in_a_notebook(lambda: wait_for(work()))


def test_the_stop_button_of_a_notebook_stops_a_run_which_then_continues(
    small: Path, slow_server: FakeServer
) -> None:
    def run() -> Awaitable[object] | object:
        return simulate(
            dataset="small",
            split="all",
            llm="openai:m",
            base_url=slow_server.url,
            recommender="none",
            reward="none",
            concurrency=4,
            run="x",
        )

    press_stop_when(lambda: slow_server.counters.chat >= 20)
    with pytest.raises(KeyboardInterrupt):
        as_in_a_notebook(run)
    asked = slow_server.counters.chat
    time.sleep(0.3)
    assert slow_server.counters.chat == asked < 60
    assert as_in_a_notebook(run).completed == 30  # type: ignore[attr-defined]
