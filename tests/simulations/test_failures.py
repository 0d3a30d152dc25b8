"""Trouble with the endpoint: retried, counted, recorded, and asked again by the next continuation."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from afl.llm.canned_answers import canned_answer
from afl.testing import FakeClock
from afl.testing.faults import Fault, filtered, not_json, rate_limited, refusal, reset, status, truncated
from afl.testing.server import running_server
from tests.simulations.conftest import Afl, Simulate

Messages = Sequence[Mapping[str, Any]]


@pytest.mark.parametrize(
    "fault",
    [status(500), status(502), status(503), rate_limited("7"), reset, not_json],
    ids=["500", "502", "503", "429", "reset", "not JSON"],
)
def test_passing_trouble_is_retried_counted_and_leaves_no_trace_in_the_results(
    fault: Fault, simulated: Simulate, clock: FakeClock, exported: Callable[[str], bytes]
) -> None:
    with running_server(faults={2: fault, 9: fault, 10: fault}) as server:
        spoiled = simulated(server)
    waited = list(clock.slept)
    with running_server() as server:
        undisturbed = simulated(server, run="undisturbed")
    assert (spoiled.failed, spoiled.llm["retries"]) == (0, 3)
    refused = any(change.why == "429" for change in spoiled.pace)
    assert len(waited) > 3 if refused else len(waited) == 3
    assert spoiled.llm["calls"] == undisturbed.llm["calls"] == server.counters.chat
    assert exported("x") == exported("undisturbed")


def test_retry_after_is_obeyed(simulated: Simulate, clock: FakeClock) -> None:
    with running_server(faults={1: rate_limited("30")}) as server:
        simulated(server, sessions=1)
    first, *spaces = clock.slept
    assert first == pytest.approx(30, abs=1)
    assert max(spaces) < 1


def test_lasting_trouble_fails_sessions_and_the_next_continuation_asks_only_these(
    simulated: Simulate, exported: Callable[[str], bytes]
) -> None:
    with running_server(faults={number: status(500) for number in range(3, 11)}) as server:
        spoiled = simulated(server)
    assert (spoiled.failed, spoiled.completed, spoiled.exit_code) == (2, 8, 1)
    assert (spoiled.outcomes["failed"], spoiled.llm["retries"]) == (2, 6)

    with running_server() as server:
        mended = simulated(server)
        asked = server.counters.chat
        undisturbed = simulated(server, run="undisturbed")
    assert (mended.failed, mended.exit_code, mended.outcomes["failed"]) == (0, 0, 0)
    assert asked == mended.llm["calls"] < undisturbed.llm["calls"] / 2
    assert exported("x") == exported("undisturbed")


def test_failed_sessions_are_misses_and_end_the_command_with_1(
    loop: Afl, afl: Afl, clock: FakeClock, simulated: Simulate
) -> None:
    with running_server(truncating_from(10)) as server:
        run = loop(server, "--run", "x", "--concurrency", 1)
    found = run.json
    assert run.code == 1
    assert (found["sessions"], found["completed"] + found["failed"]) == (30, 30)
    assert found["outcomes"]["unparsed"] > 0
    assert found["hit_rate_at_1"]["n"] == 30
    assert found["hit_rate_at_1_completed"]["n"] == found["completed"]
    hits = round(found["hit_rate_at_1"]["value"] * 30)
    assert found["hit_rate_at_1_completed"]["value"] == pytest.approx(hits / found["completed"])


def truncating_from(number: int) -> Callable[[Messages], str]:
    """Answers until request `number`, and says nothing usable from there on."""
    asked: list[None] = []

    def answer(messages: Messages) -> str:
        asked.append(None)
        return canned_answer(messages) if len(asked) < number else "I would rather talk about the weather."

    return answer


def test_an_unusable_reply_gets_two_repairs_that_show_the_mistake(
    simulated: Simulate, exported: Callable[[str], bytes]
) -> None:
    with running_server(off_list_until(repairs=2)) as server:
        report = simulated(server, sessions=1, rounds=1)
    lines = [json.loads(line) for line in exported("x").decode().splitlines()]
    recommended = [line for line in lines if line["role"] == "recommendation"]
    assert [line["outcome"] for line in recommended] == ["off_list", "off_list", "ok"]
    assert [line["attempt"] for line in recommended] == [0, 1, 2]
    assert recommended[1]["messages"][-2]["content"] == recommended[0]["reply"]
    assert "A Band That Never Was" in recommended[1]["messages"][-1]["content"]
    assert (report.completed, report.llm["repairs"]) == (1, 2)


def off_list_until(*, repairs: int) -> Callable[[Messages], str]:
    """Recommends what is not on the list until it was corrected so many times."""

    def answer(messages: Messages) -> str:
        said = canned_answer(messages)
        if "Item:" not in said or len(messages) >= 2 + 2 * repairs:
            return said
        return "Reason: why not.\nItem: A Band That Never Was"

    return answer


def test_content_failures_stay(simulated: Simulate, exported: Callable[[str], bytes]) -> None:
    with running_server(off_list_until(repairs=99)) as server:
        first = simulated(server)
        before, asked = exported("x"), server.counters.chat
        again = simulated(server)
    assert (first.failed, first.completed, first.hit_rate_at_1_completed) == (10, 0, None)
    assert (first.outcomes["off_list"], first.llm["calls"], asked) == (10, 30, 30)
    assert (again.failed, server.counters.chat) == (10, asked)
    assert exported("x") == before


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (truncated, "truncated"),
        (status(400, "content_filter"), "declined"),
        (refusal, "declined"),
        (filtered, "declined"),
    ],
)
def test_a_reply_that_did_not_come_whole_is_not_guessed_at(
    fault: Fault, outcome: str, simulated: Simulate
) -> None:
    with running_server(faults={1: fault}) as server:
        report = simulated(server, sessions=1)
    assert (report.failed, report.outcomes[outcome], server.counters.chat) == (1, 1, 1)


def test_a_concurrency_of_zero_is_refused(simulated: Simulate) -> None:
    with running_server() as server, pytest.raises(ValueError, match="--concurrency: got 0, expected at least 1"):
        simulated(server, concurrency=0)


async def test_a_notebooks_running_event_loop_is_no_obstacle(simulated: Simulate) -> None:
    with running_server() as server:
        assert simulated(server, sessions=2).completed == 2
