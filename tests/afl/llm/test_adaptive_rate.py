"""Requests follow each other as fast as an endpoint takes them, whatever its limit is like and whoever asks."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import pytest

from afl.llm.adaptive_limits import AdaptiveRate
from afl.llm.failures import RetryPolicy
from afl.llm.limiter import AdaptiveLimiter
from afl.ports import Limiter
from afl.testing.clock import VirtualClock, run_virtually
from afl.types import CallKey, Outcome, Reply
from simulations.engines.services import LimiterService
from simulations.engines.shared_limits import SharedLimiter

ALLOWED, CALLS, SESSIONS = 50, 1000, 64


class Sliding:
    """Takes 50 requests in any second."""

    def __init__(self) -> None:
        self.taken: deque[float] = deque()

    def takes(self, now: float) -> bool:
        while self.taken and now - self.taken[0] >= 1:
            self.taken.popleft()
        if len(self.taken) == ALLOWED:
            return False
        self.taken.append(now)
        return True


class Fixed:
    """Takes 50 requests between one full second and the next."""

    def __init__(self) -> None:
        self.second, self.count = -1, 0

    def takes(self, now: float) -> bool:
        self.second, self.count = int(now), self.count + 1 if int(now) == self.second else 1
        return self.count <= ALLOWED


class Bucket:
    """Takes one request every 20 ms, and up to 50 at once that were not sent before."""

    def __init__(self) -> None:
        self.room, self.last = float(ALLOWED), 0.0

    def takes(self, now: float) -> bool:
        self.room, self.last = min(ALLOWED, self.room + (now - self.last) * ALLOWED), now
        if self.room < 1:
            return False
        self.room -= 1
        return True


Endpoint = Sliding | Fixed | Bucket


class Crowd:
    """Sessions that ask, one call after the other, and ask again when they are refused."""

    def __init__(self, endpoint: Endpoint, latency: float) -> None:
        self.endpoint, self.latency = endpoint, latency
        self.clock = VirtualClock()
        self.left, self.sent, self.refused, self.seconds = CALLS, 0, 0, 0.0

    async def ask(self, limiters: Sequence[Limiter]) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(SESSIONS):
                group.create_task(self.session(limiters[number % len(limiters)]))
        self.seconds = self.clock.monotonic()

    async def session(self, limiter: Limiter) -> None:
        while self.left:
            self.left -= 1
            await self.call(CallKey(str(self.left), "loop", 1, "user", 0), limiter)

    async def call(self, key: CallKey, limiter: Limiter, retry: int = 0) -> None:
        if not await self.tried(key, limiter):
            await self.clock.sleep(RetryPolicy().wait(key, retry))
            await self.call(key, limiter, retry + 1)

    async def tried(self, key: CallKey, limiter: Limiter) -> bool:
        async with limiter.slot(key, []) as slot:
            self.sent += 1
            await self.clock.sleep(0.002)
            if not self.endpoint.takes(self.clock.monotonic()):
                self.refused += 1
                slot.throttled(429, None)
                return False
            await self.clock.sleep(self.latency)
            slot.answered(Reply(Outcome.OK))
            return True


def one_process(clock: VirtualClock) -> list[Limiter]:
    return [AdaptiveLimiter(SESSIONS, clock=clock)]


def four_workers(clock: VirtualClock) -> list[Limiter]:
    desk = LimiterService(AdaptiveLimiter(SESSIONS, clock=clock))
    return [SharedLimiter(desk, name, counts_tokens=False) for name in "abcd"]


@pytest.mark.parametrize("limiters", [one_process, four_workers])
@pytest.mark.parametrize("latency", [0.02, 0.5])
@pytest.mark.parametrize("endpoint", [Sliding, Fixed, Bucket])
def test_an_endpoint_that_allows_fifty_a_second_refuses_few_and_is_kept_busy(
    endpoint: type[Endpoint], latency: float, limiters: Callable[[VirtualClock], list[Limiter]]
) -> None:
    async def work() -> Crowd:
        crowd = Crowd(endpoint(), latency)
        await crowd.ask(limiters(crowd.clock))
        return crowd

    result = run_virtually(work())
    assert result.refused < 0.02 * result.sent
    assert CALLS / result.seconds > 0.9 * ALLOWED


async def test_without_a_refusal_there_is_no_pace() -> None:
    pace = AdaptiveRate(VirtualClock())
    for _ in range(100):
        await pace.admit()
    assert (pace.rate, pace.is_open()) == (None, True)


def test_after_a_refusal_a_tenth_less_than_was_taken_goes_through_and_more_and_more_after_that() -> None:
    async def rates() -> list[float]:
        pace = AdaptiveRate(VirtualClock())
        sends = [await pace.admit() for _ in range(41)]
        pace.record_throttling(sends[-1])
        return [round((await after(seconds, pace)).rate or 0.0, 2) for seconds in (0, 6, 6, 6)]

    assert run_virtually(rates()) == [36, 40, 44, 72]


async def after(seconds: float, pace: AdaptiveRate) -> AdaptiveRate:
    await asyncio.sleep(seconds)
    return pace


def test_refusals_of_one_wave_count_once() -> None:
    async def rate() -> float | None:
        pace = AdaptiveRate(VirtualClock())
        sends = [await pace.admit() for _ in range(60)]
        for send in sends[40:]:
            pace.record_throttling(send)
        return pace.rate

    assert run_virtually(rate()) == pytest.approx(0.9 * 59)


def test_an_endpoint_that_takes_nothing_is_still_asked_now_and_then() -> None:
    async def asked() -> float:
        pace = AdaptiveRate(VirtualClock())
        for _ in range(5):
            pace.record_throttling(await pace.admit())
        return VirtualClock().monotonic()

    assert run_virtually(asked()) <= 5
