"""However an exploration is interrupted, it goes on to the same base, and asks nothing twice."""

import json
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Assassin, Launch
from tests.simulations.hints.conftest import Explore, explore_arguments

KILLED_AT = (3, 14, 40, 30, 20)
"""At which request of each pass: in lists, reflections, trials, and the questions whether hints are redundant."""


@pytest.fixture
def assassin() -> Assassin:
    return Assassin()


@pytest.fixture
def watched(assassin: Assassin) -> Iterator[FakeServer]:
    with running_server(assassin) as running:
        yield running


@pytest.mark.parametrize(("concurrency", "by"), [(1, signal.SIGKILL), (64, signal.SIGKILL), (8, signal.SIGINT)])
def test_interrupted_five_times_an_exploration_ends_like_an_undisturbed_one(
    concurrency: int,
    by: signal.Signals,
    small: Path,
    watched: FakeServer,
    assassin: Assassin,
    launch: Launch,
    explore: Explore,
    afl: Afl,
    exported: Callable[[str], bytes],
) -> None:
    arguments = explore_arguments(watched, "--run", "killed", "--concurrency", concurrency)
    for at in KILLED_AT:
        pid: Future[int] = Future()
        assassin.aim(pid.result, at=len(assassin.requests) + at, signal=by)
        process = launch(arguments)
        pid.set_result(process.pid)
        assert process.wait().code in (-signal.SIGKILL, 130)
        assert afl("hints", "list", "--json").json == {"bases": []}
    assert explore(watched, "--run", "killed").code == 0

    with running_server() as other:
        assert explore(other, "--run", "undisturbed").code == 0
        assert {json.dumps(request["messages"]) for request in other.requests} == set(assassin.requests)
    assert exported("killed") == exported("undisturbed")
    bases = [afl("hints", "show", name, "--json").json for name in ("killed", "undisturbed")]
    assert bases[0]["hints"] == bases[1]["hints"]
    assert bases[0]["not_taken"] == bases[1]["not_taken"]
