"""What an endpoint makes necessary in the requests of a run: found out once, said once, kept with the run."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from afl.testing.faults import Completion, Fault, error_response, status
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl


def picky(number_of_requests: int = 500) -> dict[int, Fault]:
    """Takes no temperature."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        if "temperature" in await request.json():
            return error_response(400, "`temperature` is deprecated for this model.")
        return web.json_response(completion)

    return dict.fromkeys(range(1, number_of_requests), fault)


def configuration(afl: Afl, name: str) -> Mapping[str, Any]:
    (run,) = [run for run in afl("runs", "--json").json["runs"] if run["name"] == name]
    return run["config"]


def test_a_refused_parameter_is_left_out_and_said_once(loop: Afl) -> None:
    with running_server(faults=picky()) as server:
        run = loop(server, "--run", "x", "--sessions", 3)
    assert run.code == 0
    assert run.json["completed"] == 3
    assert run.err.count("openai:m does not take temperature; requests go without it") == 1
    assert run.json["llm"]["calls"] == sum("temperature" not in request for request in server.requests)


def test_the_identity_of_a_run_holds_what_was_asked_for(
    loop: Afl, exported: Callable[[str], bytes], afl: Afl
) -> None:
    with running_server(faults=picky()) as server:
        loop(server, "--run", "picky", "--sessions", 3)
    with running_server() as server:
        loop(server, "--run", "easy", "--sessions", 3)
    assert exported("picky") == exported("easy")
    assert configuration(afl, "picky") == configuration(afl, "easy")


def test_a_continuation_begins_with_what_was_found_out(loop: Afl) -> None:
    with running_server(faults=picky() | {7: status(400, "Something about this request is odd.")}) as server:
        assert loop(server, "--run", "x", "--sessions", 3, "--concurrency", 1).json["failed"] == 1
    with running_server(faults=picky()) as server:
        assert loop(server, "--run", "x", "--sessions", 3).code == 0
    assert ["temperature" in request for request in server.requests] == [False] * server.counters.chat
    assert server.counters.chat > 0


def test_a_replay_takes_over_what_was_found_out(loop: Afl, afl: Afl, database: Callable[..., list[Any]]) -> None:
    with running_server(faults=picky()) as server:
        loop(server, "--run", "x", "--sessions", 3)
    assert loop(server, "--run", "y", "--replay", "x", "--sessions", 3).code == 0
    rows = dict(database("SELECT name, adaptations FROM runs"))
    assert (
        json.loads(rows["y"])
        == json.loads(rows["x"])
        == {role: {"dropped": ["temperature"]} for role in ("recommendation", "user")}
    )


def test_the_cache_never_crosses_what_was_found_out(loop: Afl) -> None:
    with running_server(faults=picky()) as server:
        loop(server, "--run", "adapted", "--sessions", 3)
    with running_server() as server:
        calls = loop(server, "--run", "plain", "--sessions", 3, "--cache").json["llm"]["calls"]
        assert (calls, server.counters.chat) == (calls, calls)
        assert calls > 0
        assert loop(server, "--run", "again", "--sessions", 3, "--cache").json["llm"]["calls"] == 0


def test_what_was_found_out_is_shown_with_the_run_wherever_its_set_up_is(
    loop: Afl, afl: Afl, page: Callable[[str], str], tmp_path: Path
) -> None:
    with running_server(faults=picky()) as server:
        found = loop(server, "--run", "x", "--sessions", 2).json["adaptations"]
    assert found == {role: {"dropped": ["temperature"]} for role in ("recommendation", "user")}
    assert "Requests as the endpoint takes them: without temperature." in afl("inspect", "x").out
    assert afl("inspect", "x", "--json").json["adaptations"] == found
    afl("report", "x", "--out", tmp_path / "page")
    assert "requests as the endpoint takes them" in (tmp_path / "page" / "report.md").read_text()
    assert "without temperature" in page("/runs/x")


def test_a_run_whose_requests_went_as_asked_for_says_nothing_of_it(
    loop: Afl, afl: Afl, server: FakeServer, tmp_path: Path
) -> None:
    assert "adaptations" not in loop(server, "--run", "x", "--sessions", 2).json
    afl("report", "x", "--out", tmp_path / "page")
    assert "as the endpoint takes them" not in (tmp_path / "page" / "report.md").read_text()


def test_one_bad_request_fails_its_call_alone(loop: Afl) -> None:
    with running_server(faults={5: status(400, "Something about this request is odd.")}) as server:
        run = loop(server, "--run", "x", "--sessions", 6, "--concurrency", 1)
    assert (run.code, run.json["failed"], run.json["completed"]) == (1, 1, 5)


def test_after_a_restart_the_bad_request_still_fails_alone(loop: Afl) -> None:
    bad = status(400, "Something about this request is odd.")
    with running_server(faults={5: bad}) as server:
        loop(server, "--run", "x", "--sessions", 6, "--concurrency", 1)
    with running_server(faults={1: bad}) as server:
        run = loop(server, "--run", "x", "--sessions", 6, "--concurrency", 1)
    assert (run.code, run.json["failed"]) == (1, 1)
    with running_server() as server:
        assert loop(server, "--run", "x", "--sessions", 6).json["failed"] == 0


@pytest.fixture
def database(small: Path) -> Callable[..., list[Any]]:
    def rows(query: str) -> list[Any]:
        with closing(sqlite3.connect(small / "afl.db")) as connection:
            return connection.execute(query).fetchall()

    return rows
