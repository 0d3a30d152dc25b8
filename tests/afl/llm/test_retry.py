"""Waits between tries."""

from hypothesis import given
from hypothesis import strategies as st

from afl.llm.failures import RetryPolicy
from afl.types import CallKey

KEY = CallKey("7", "loop", 1, "user", 0)


def test_the_wait_doubles_from_try_to_try_within_its_jitter() -> None:
    waits = [RetryPolicy(first_wait=1.0).wait(KEY, retry) for retry in range(3)]
    assert 0.5 <= waits[0] <= 1.0 <= waits[1] <= 2.0 <= waits[2] <= 4.0


def test_the_jitter_follows_from_the_call_alone() -> None:
    policy = RetryPolicy()
    assert policy.wait(KEY, 0) == policy.wait(KEY, 0)
    assert policy.wait(KEY, 0) != policy.wait(KEY._replace(subject="8"), 0)


@given(st.floats(0, 500))
def test_nobody_comes_back_before_the_endpoint_said(seconds: float) -> None:
    assert seconds <= RetryPolicy().wait(KEY, 0, seconds) <= seconds + 1


def test_an_endpoint_that_asks_for_a_day_is_asked_again_after_ten_minutes() -> None:
    assert RetryPolicy().wait(KEY, 0, 86_400.0) == 600.0
