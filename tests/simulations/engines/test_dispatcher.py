"""Every session is given out until it is done, and lost ones come first."""

import asyncio
from collections import deque
from itertools import starmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.errors import WorkerError
from simulations.engines.dispatcher import MAX_LOSSES, Dispatcher


def test_sessions_are_handed_out_in_order_and_lost_sessions_first() -> None:
    dispatcher = Dispatcher(range(6))
    first, second = dispatcher.take(2), dispatcher.take(2)
    dispatcher.lost(first)
    assert (second, dispatcher.take(3), dispatcher.take(9)) == ([2, 3], [0, 1, 4], [5])
    assert dispatcher.take(1) == []


def test_it_is_done_when_no_session_remains_or_is_in_progress() -> None:
    dispatcher = Dispatcher(range(3))
    dispatcher.take(3)
    dispatcher.finished(2)
    assert not dispatcher.done
    dispatcher.lost([2])
    assert not dispatcher.done
    dispatcher.take(1)
    dispatcher.finished(1)
    assert dispatcher.done


def test_a_session_that_is_lost_again_and_again_stops_the_run() -> None:
    dispatcher = Dispatcher([7])
    for _ in range(MAX_LOSSES - 1):
        dispatcher.lost(dispatcher.take(1))
    with pytest.raises(WorkerError, match="the one at position 7 of the run among them"):
        dispatcher.lost(dispatcher.take(1))


async def test_whoever_waits_is_woken_by_what_comes_back() -> None:
    dispatcher = Dispatcher(range(2))
    dispatcher.take(2)
    waiting = [asyncio.create_task(dispatcher.changed()) for _ in range(2)]
    await asyncio.sleep(0)
    dispatcher.lost([1])
    await asyncio.gather(*waiting)
    assert dispatcher.remaining == 1


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans()), max_size=40))
def test_whatever_is_lost_every_session_has_exactly_one_worker(moves: list[tuple[int, bool]]) -> None:
    dispatcher, done = Dispatcher(range(20)), set[int]()

    def move(most: int, survives: bool) -> None:
        given = dispatcher.take(most)
        assert not done & set(given)
        done.update(given if survives else ())
        dispatcher.finished(len(given)) if survives else lose(dispatcher, given)

    deque(starmap(move, moves), maxlen=0)
    rest = dispatcher.take(20)
    assert done | set(rest) == set(range(20))


def lose(dispatcher: Dispatcher, places: list[int]) -> None:
    dispatcher._losses.clear()  # here nobody counts how often
    dispatcher.lost(places)
