"""Requests and tokens per minute."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.errors import UsageError
from afl.llm.limiter import RateLimits
from afl.testing import FakeClock


async def test_without_limits_nobody_waits(clock: FakeClock) -> None:
    assert await RateLimits().admit(10**9, clock) is None
    assert clock.slept == []


async def test_the_request_beyond_the_rate_waits_until_the_first_is_a_minute_old(clock: FakeClock) -> None:
    rates, begun = RateLimits(rpm=2), clock.now
    await asyncio.gather(*(rates.admit(1, clock) for _ in range(3)))
    assert clock.now - begun == 60


@given(gaps=st.lists(st.floats(0, 30), max_size=40), rpm=st.integers(1, 5))
def test_no_minute_holds_more_requests_than_allowed(gaps: list[float], rpm: int) -> None:
    clock, rates = FakeClock(), RateLimits(rpm=rpm)
    sent = asyncio.run(_admitted(rates, clock, gaps))
    crowded = [later - earlier for earlier, later in zip(sent, sent[rpm:], strict=False)]
    assert min(crowded, default=60.0) >= 60.0 - 1e-6


async def _admitted(rates: RateLimits, clock: FakeClock, gaps: list[float]) -> list[float]:
    times = []
    for gap in gaps:
        clock.now += gap
        sent = await rates.admit(1, clock)
        assert sent is not None
        times.append(sent.at)
    return times


async def test_tokens_count_at_their_bound_until_they_are_known(clock: FakeClock) -> None:
    rates, begun = RateLimits(tpm=1000), clock.now
    first = await rates.admit(900, clock)
    assert first is not None
    first.tokens = 200
    await rates.admit(800, clock)
    assert clock.now == begun
    await rates.admit(100, clock)
    assert clock.now - begun == 60


async def test_a_request_larger_than_the_rate_goes_alone(clock: FakeClock) -> None:
    rates, begun = RateLimits(tpm=10), clock.now
    await rates.admit(500, clock)
    await rates.admit(500, clock)
    assert clock.now - begun == 60


@pytest.mark.parametrize("option", ["rpm", "tpm"])
def test_a_rate_of_none_is_a_mistake(option: str) -> None:
    with pytest.raises(UsageError, match=f"--{option}: got 0, expected at least 1"):
        RateLimits(**{option: 0})
