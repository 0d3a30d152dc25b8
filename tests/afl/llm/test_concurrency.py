"""How many requests are under way at once follows what the endpoint can take."""

import asyncio

import pytest

from afl.llm.adaptive_limits import AdaptiveConcurrency
from afl.testing import FakeClock
from afl.types import ConcurrencyChange


@pytest.fixture
def four(clock: FakeClock) -> AdaptiveConcurrency:
    return AdaptiveConcurrency(4, clock)


def test_a_wave_of_refusals_halves_the_limit_once(four: AdaptiveConcurrency, clock: FakeClock) -> None:
    four.record_throttling(0, 429, None)
    four.record_throttling(0, 429, None)
    assert four.limit == 2
    assert four.history == [ConcurrencyChange(clock.now, 4, "begun"), ConcurrencyChange(clock.now, 2, "429")]


def test_refusals_of_the_next_wave_halve_it_again_and_never_below_one(four: AdaptiveConcurrency) -> None:
    for wave in range(4):
        four.record_throttling(wave, 503, 2.0)
    assert [change.concurrency for change in four.history] == [4, 2, 1, 1, 1]


def test_it_grows_by_a_quarter_after_as_many_answers_as_it_is_high_and_not_beyond_its_ceiling(
    clock: FakeClock,
) -> None:
    concurrency = AdaptiveConcurrency(10, clock)
    concurrency.record_throttling(0, 429, None)
    for _ in range(5 + 6 + 7 + 8 + 100):
        concurrency.record_success()
    assert [(change.concurrency, change.why) for change in concurrency.history[2:]] == [
        (6, "well"),
        (7, "well"),
        (8, "well"),
        (10, "well"),
    ]


async def test_nobody_sends_until_the_time_is_over_for_which_one_was_refused(
    four: AdaptiveConcurrency, clock: FakeClock
) -> None:
    four.record_throttling(0, 429, 7.5)
    await four.wait_for_retry_after()
    assert clock.slept == [7.5]
    await four.wait_for_retry_after()
    assert clock.slept == [7.5]


async def test_those_who_wait_are_admitted_in_the_order_they_came(four: AdaptiveConcurrency) -> None:
    four.limit = 1
    admitted = []

    async def one(number: int) -> None:
        await four.acquire()
        admitted.append(number)
        await asyncio.sleep(0)
        four.release()

    await asyncio.gather(*(one(number) for number in range(6)))
    assert admitted == list(range(6))


async def test_one_who_gives_up_waiting_leaves_the_place_to_the_next(four: AdaptiveConcurrency) -> None:
    four.limit = 1
    await four.acquire()
    gone, next_one = asyncio.create_task(four.acquire()), asyncio.create_task(four.acquire())
    await asyncio.sleep(0)
    gone.cancel()
    four.release()
    await asyncio.wait_for(next_one, 1)
    assert gone.cancelled()


async def test_one_who_is_admitted_and_cancelled_at_once_does_not_keep_the_place(
    four: AdaptiveConcurrency,
) -> None:
    four.limit = 1
    await four.acquire()
    gone = asyncio.create_task(four.acquire())
    await asyncio.sleep(0)
    four.release()
    gone.cancel()
    await asyncio.sleep(0)
    await asyncio.wait_for(four.acquire(), 1)
