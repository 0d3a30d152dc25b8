"""The stall watch, on a clock that is moved by hand."""

from collections import deque
from contextlib import ExitStack

import pytest

from afl.llm.watchdog import StallWatchdog
from afl.testing import FakeClock
from afl.types import CallKey


@pytest.fixture
def watch(clock: FakeClock) -> StallWatchdog:
    return StallWatchdog("openai:m at localhost:8000", after=60.0, clock=clock)


def of(key: CallKey, session: int) -> CallKey:
    return key._replace(subject=str(session))


def test_silence_is_named_with_endpoint_requests_and_ages(
    watch: StallWatchdog, key: CallKey, clock: FakeClock
) -> None:
    with watch.awaiting_reply(of(key, 1)), watch.awaiting_reply(of(key, 2)):
        watch.sent(of(key, 1))
        clock.now += 50
        watch.sent(of(key, 2))
        clock.now += 10
        assert watch.stall_message() == (
            "no reply from openai:m at localhost:8000 for 60 s; waiting for 2 requests: "
            "session 1, loop, round 2, user (sent 60 s ago); session 2, loop, round 2, user (sent 10 s ago)"
        )


def test_advice_ends_the_line(key: CallKey, clock: FakeClock) -> None:
    watch = StallWatchdog(
        "gguf:tiny", after=60.0, clock=clock, advice="replies may be of any length: --max-tokens limits them"
    )
    with watch.awaiting_reply(key):
        clock.now += 60
        assert str(watch.stall_message()).endswith("; replies may be of any length: --max-tokens limits them")


def test_of_many_requests_the_oldest_three_are_named(watch: StallWatchdog, key: CallKey, clock: FakeClock) -> None:
    with ExitStack() as stack:
        deque((stack.enter_context(watch.awaiting_reply(of(key, number))) for number in range(1, 6)), maxlen=0)
        clock.now += 60
        line = str(watch.stall_message())
    assert "waiting for 5 requests: session 1," in line
    assert "session 3," in line
    assert line.endswith("; and 2 more")


def test_a_wait_between_tries_is_told_with_its_reason(
    watch: StallWatchdog, key: CallKey, clock: FakeClock
) -> None:
    with watch.awaiting_reply(key):
        watch.sent(key)
        watch.retry_scheduled(key, 540.0, "the endpoint answered 429: slow down")
        clock.now += 60
        line = str(watch.stall_message())
    assert "to be sent again in 480 s, after: the endpoint answered 429: slow down" in line


def test_a_reply_ends_the_silence(watch: StallWatchdog, key: CallKey, clock: FakeClock) -> None:
    with watch.awaiting_reply(of(key, 1)):
        with watch.awaiting_reply(of(key, 2)):
            clock.now += 59
        clock.now += 59
        assert watch.stall_message() is None
        clock.now += 1
        assert watch.stall_message() is not None


def test_it_speaks_again_when_the_silence_has_doubled(
    watch: StallWatchdog, key: CallKey, clock: FakeClock
) -> None:
    spoken = []
    with watch.awaiting_reply(key):
        for _ in range(30):
            clock.now += 10
            spoken.append(watch.stall_message() is not None)
    assert [10 * (at + 1) for at, said in enumerate(spoken) if said] == [60, 120, 240]


def test_who_waits_for_nothing_says_nothing(watch: StallWatchdog, key: CallKey, clock: FakeClock) -> None:
    clock.now += 3600
    assert watch.stall_message() is None
    with watch.awaiting_reply(key):
        assert watch.stall_message() is None
