"""Faults that last: what ends a call, a session or the run, how it is told, and how the run goes on afterwards."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from afl.errors import EndpointError, TimeLimitError
from afl.llm.canned_answers import canned_answer
from afl.testing import FakeClock
from afl.testing.faults import empty, hang, status
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Simulate, loop_arguments

Messages = Sequence[Mapping[str, Any]]
Exported = Callable[[str], bytes]
EVER = range(1, 10_000)


@pytest.fixture
def slow(clock: FakeClock) -> Callable[[float], Callable[[Messages], str]]:
    """Makes an answerer each of whose answers takes so many seconds of the clock."""

    def after(seconds: float) -> Callable[[Messages], str]:
        def answer(messages: Messages) -> str:
            clock.now += seconds
            return canned_answer(messages)

        return answer

    return after


@pytest.fixture
def undisturbed(loop: Afl, exported: Exported) -> Callable[..., bytes]:
    """The export of a run of the same options against a server that does its work."""

    def export(*options: object) -> bytes:
        with running_server() as server:
            assert loop(server, "--run", "undisturbed", *options).code == 0
        return exported("undisturbed")

    return export


def repeated(servers: Sequence[FakeServer]) -> int:
    """How many requests were sent that had been sent before."""
    asked = Counter(json.dumps(request["messages"]) for server in servers for request in server.requests)
    return asked.total() - len(asked)


def test_a_server_that_accepts_and_never_answers_fails_its_calls_in_time(
    simulated: Simulate, exported: Exported, undisturbed: Callable[..., bytes]
) -> None:
    with running_server(faults=dict.fromkeys(EVER, hang)) as server:
        spoiled = simulated(server, sessions=2, timeout=0.1)
    assert (spoiled.failed, spoiled.llm["retries"], spoiled.exit_code, server.counters.chat) == (2, 6, 1, 8)
    with running_server() as server:
        assert simulated(server, sessions=2).failed == 0
    assert exported("x") == undisturbed("--sessions", 2)


@pytest.mark.parametrize("concurrency", [1, 64])
def test_a_key_that_expires_in_the_middle_stops_the_run_and_the_next_key_completes_it(
    concurrency: int, loop: Afl, exported: Exported, undisturbed: Callable[..., bytes]
) -> None:
    expired = status(401, "this key has expired")
    with running_server(faults=dict.fromkeys(range(70, 10_000), expired)) as first:
        stopped = loop(first, "--run", "x", "--concurrency", concurrency)
    assert (stopped.code, stopped.out) == (2, "")
    said = "the endpoint refuses the key (401: this key has expired); check OPENAI_API_KEY"
    assert stopped.err.splitlines()[-1] == f"afl: openai:m: {said}"
    with running_server() as second:
        assert loop(second, "--run", "x", "--concurrency", concurrency).code == 0
    assert exported("x") == undisturbed()
    # Those that were refused, and those under way when the first was.
    assert repeated([first, second]) <= first.counters.chat - 69 + concurrency - 1


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        (404, "the model m does not exist", "does not know the model or the address (404"),
        (403, "not from this country", "refuses the key (403"),
        (429, "insufficient_quota: see billing", "the account has no quota left (429"),
        (400, "unknown parameter: messages", "answered 400: unknown parameter"),
    ],
)
def test_what_no_retry_can_mend_stops_the_run_at_once_and_keeps_what_is_done(
    code: int, message: str, said: str, simulated: Simulate, exported: Exported, undisturbed: Callable[..., bytes]
) -> None:
    refusing = dict.fromkeys(range(20, 10_000), status(code, message))
    with running_server(faults=refusing) as first, pytest.raises(EndpointError) as raised:
        simulated(first)
    assert said in str(raised.value)
    assert first.counters.chat == 20
    with running_server() as second:
        simulated(second)
    assert repeated([first, second]) == 1
    assert exported("x") == undisturbed("--sessions", 10)


def test_an_empty_reply_is_shown_to_the_model_as_a_mistake(simulated: Simulate, exported: Exported) -> None:
    with running_server(faults={1: empty}) as server:
        report = simulated(server, sessions=1, rounds=1)
    first, second, *_ = (json.loads(line) for line in exported("x").splitlines())
    assert (first["outcome"], first["reply"], second["outcome"]) == ("unparsed", "", "ok")
    assert (report.completed, report.llm["repairs"], report.llm["retries"]) == (1, 1, 0)


def test_a_request_too_long_for_the_model_fails_its_session_and_no_other(simulated: Simulate) -> None:
    too_long = status(400, "this model's maximum context length is 4096 tokens")
    with running_server(faults={3: too_long}) as server:
        report = simulated(server)
    assert (report.failed, report.completed, report.llm["retries"]) == (1, 9, 0)


def test_a_session_out_of_time_is_failed_and_the_next_continuation_goes_on_with_it(
    simulated: Simulate,
    slow: Callable[[float], Callable[[Messages], str]],
    exported: Exported,
    undisturbed: Callable[..., bytes],
) -> None:
    with running_server(slow(60.0)) as first:
        spoiled = simulated(first, session_timeout=150.0)
    assert spoiled.exit_code == 1
    assert 0 < spoiled.failed == spoiled.outcomes["failed"] < 10
    failed = [json.loads(line) for line in exported("x").splitlines()]
    assert {line["outcome"] for line in failed} == {"ok", "failed"}

    # What is in the journal takes no time: with the same limit every continuation gets further.
    with running_server(slow(60.0)) as second:
        mended = simulated(second, session_timeout=150.0)
    assert mended.failed < spoiled.failed
    with running_server() as third:
        simulated(third)
    assert exported("x") == undisturbed("--sessions", 10)
    assert repeated([first, second, third]) == 0


def test_a_run_out_of_time_stops_with_its_progress_saved_and_is_continued(
    simulated: Simulate,
    slow: Callable[[float], Callable[[Messages], str]],
    exported: Exported,
    undisturbed: Callable[..., bytes],
) -> None:
    with running_server(slow(60.0)) as first, pytest.raises(TimeLimitError) as raised:
        simulated(first, run_timeout=1000.0)
    assert str(raised.value).startswith("run 'x', ")
    assert " of 10 sessions done: stopped after 1000 s (--run-timeout); progress saved" in str(raised.value)
    assert first.counters.chat == 17
    with running_server() as second:
        assert simulated(second).failed == 0
    assert exported("x") == undisturbed("--sessions", 10)
    assert repeated([first, second]) == 0


def test_the_end_of_the_run_s_time_ends_what_is_under_way(
    loop: Afl, exported: Exported, undisturbed: Callable[..., bytes]
) -> None:
    with running_server(faults=dict.fromkeys(range(5, 10_000), hang)) as server:
        stopped = loop(server, "--run", "x", "--run-timeout", 2)
    assert stopped.code == 1
    assert stopped.json["error"].startswith("run 'x', 0 of 30 sessions done: stopped after 2 s (--run-timeout)")
    assert stopped.err.splitlines()[-1] == f"afl: {stopped.json['error']}"
    with running_server() as server:
        assert loop(server, "--run", "x").code == 0
    assert exported("x") == undisturbed()


def test_a_silent_endpoint_is_named_with_what_is_waited_for(loop: Afl) -> None:
    with running_server(faults=dict.fromkeys(EVER, hang)) as server:
        address = server.url.removeprefix("http://").removesuffix("/v1")
        stopped = loop(server, "--run", "x", "--stall-after", 0.2, "--run-timeout", 2)
    first = stopped.err.splitlines()[0]
    assert first.startswith(f"afl: no reply from openai:m at {address} for ")
    assert "waiting for 30 requests: session " in first
    assert first.endswith("; and 27 more; replies may be of any length: --max-tokens limits them")


@pytest.mark.parametrize("option", ["--timeout", "--session-timeout", "--run-timeout", "--stall-after"])
def test_a_limit_of_no_time_is_refused(option: str, loop: Afl, server: FakeServer) -> None:
    refused = loop(server, option, 0)
    assert (refused.code, refused.complaint) == (2, f"afl: {option}: got 0, expected seconds above 0")


def test_a_locked_database_ends_the_command_with_one_line_and_the_run_goes_on_afterwards(
    small: Path, afl: Afl, server: FakeServer, exported: Exported, undisturbed: Callable[..., bytes]
) -> None:
    arguments = [*loop_arguments(server, "--run", "x"), "--db", f"sqlite:///{small / 'afl.db'}?timeout=0.2"]
    other = sqlite3.connect(small / "afl.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    locked = afl(*arguments)
    other.close()
    assert (locked.code, locked.out) == (2, "")
    assert "database is locked; another program is writing to it" in locked.complaint
    assert afl(*arguments).code == 0
    assert exported("x") == undisturbed()
