"""Many processes play a run as one does: whatever they share, and whichever of them is lost."""

import json
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from afl.errors import EndpointError, UsageError
from afl.llm.canned_answers import refusing_answer
from afl.testing import temporary_plugins
from afl.testing.faults import rate_limited, status
from afl.testing.server import FakeServer, running_server
from simulations import evaluate_recommendation, simulate
from simulations.analysis.simulation_report import SimulationReport
from simulations.commands.data import import_data
from simulations.engines.ray.engine import RayEngine
from simulations.execution.engine import EngineContext
from tests.simulations.conftest import Assassin, Launch, loop_arguments
from tests.simulations.engines.conftest import TwoNodes
from tests.simulations.test_budget import PRICE, Till

Play = Callable[..., SimulationReport]
WORKERS, CONCURRENCY = 4, 16


class Lasting(RayEngine):
    """Its workers outlive a command: starting processes takes longer than most tests."""

    def close(self) -> None: ...


@pytest.fixture(scope="module")
def engine(nodes: TwoNodes) -> Iterator[RayEngine]:
    engine = Lasting(WORKERS)
    yield engine
    RayEngine.close(engine)


@pytest.fixture
def play(small: Path, nodes: TwoNodes, engine: RayEngine) -> Iterator[Play]:
    """`play(run="x", engine="ray")`: all sessions of `small`, without base models, by four workers on two nodes."""
    nodes.second()

    def call(**options: Any) -> SimulationReport:
        fixed = {"dataset": "small", "split": "all", "llm": "openai:m", "recommender": "none", "reward": "none"}
        return simulate(**{**fixed, "concurrency": CONCURRENCY, **options})

    def workers(context: EngineContext) -> RayEngine:
        return engine

    with temporary_plugins({"afl.engines": {"ray": workers}}):
        yield call


Serve = Callable[..., AbstractContextManager[FakeServer]]


@pytest.fixture(scope="module")
def ports() -> tuple[int, int]:
    """For the servers of all tests: a limiter belongs to an address, and each is a process that has to start."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def serve(ports: tuple[int, int]) -> Serve:
    """`serve(answer)`: a server at the address that most runs have asked before."""
    return partial(running_server, port=ports[0])


@pytest.fixture
def serve_user(ports: tuple[int, int]) -> Serve:
    """The same at another address, for the user agent's model."""
    return partial(running_server, port=ports[1])


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_workers_leave_what_one_process_leaves(
    database: str, play: Play, request: pytest.FixtureRequest, exported: Callable[..., bytes]
) -> None:
    db = None if database == "sqlite" else request.getfixturevalue("postgresql_url")
    one, many = play(llm="offline", run="one"), play(llm="offline", run="many", engine="ray", db=db)
    assert exported("many", db) == exported("one")
    timeless = {"run": 0, "seconds": 0, "pace": 0}
    assert {**many.to_json(), **timeless} == {**one.to_json(), **timeless}


def test_four_workers_share_a_budget_that_is_not_exceeded(
    play: Play, serve: Serve, small: Path, exported: Callable[..., bytes]
) -> None:
    (small / "prices.json").write_text(json.dumps({"models": {"m": [PRICE.prompt, PRICE.completion]}}))
    till = Till()
    with serve(till, latency=0.02) as server:
        said = {"run": "cent", "engine": "ray", "base_url": server.url}
        short = play(**said, budget_usd=0.01)
        assert short.budget is not None
        assert (short.budget["exhausted"], short.outcomes["over_budget"] > 0) == (True, True)
        assert 0.008 < till.usd <= 0.01
        assert short.budget["spent_usd"] == pytest.approx(till.usd, abs=1e-6)
        more = play(**said, budget_usd=1.0)
        assert more.budget is not None
        assert (more.failed, more.budget["spent_usd"]) == (0, pytest.approx(till.usd, abs=1e-6))
        play(run="free", base_url=server.url)
    assert exported("cent") == exported("free")


@pytest.fixture
def listeners(small: Path, tmp_path: Path) -> None:
    """150 sessions, which take 1,200 calls when nobody ever accepts."""
    rows = [f"u{user},Band {(user * 7 + time * 11) % 60},{time}" for user in range(150) for time in range(6)]
    (tmp_path / "many.csv").write_text("\n".join(["user,item,timestamp", *rows]) + "\n")
    import_data("csv", tmp_path / "many.csv", name="many", domain="music")


@pytest.mark.usefixtures("listeners")
def test_four_workers_meet_an_endpoint_of_fifty_requests_a_second(play: Play, serve: Serve) -> None:
    with serve(refusing_answer, latency=0.1, per_second=50) as server:
        found = play(dataset="many", run="paced", engine="ray", base_url=server.url, concurrency=32)
    assert (found.failed, found.llm["calls"]) == (0, 1200)
    assert server.counters.refused < 0.02 * server.counters.chat
    assert found.pace[0].concurrency == 32


def test_what_no_retry_can_mend_in_a_worker_ends_all(play: Play, serve: Serve) -> None:
    with (
        serve(faults={40: status(401, "no such key")}) as server,
        pytest.raises(EndpointError, match="no such key"),
    ):
        play(run="x", engine="ray", base_url=server.url)


def test_the_runs_of_an_evaluation_are_played_by_the_same_workers(
    play: Play, serve: Serve, exported: Callable[..., bytes]
) -> None:
    with serve() as server:
        said: dict[str, Any] = {"dataset": "small", "split": "all", "llm": "openai:m", "base_url": server.url}
        said |= {"bases": ["none"], "reward": "none", "arms": ["agent", "afl"]}
        evaluate_recommendation(**said, run="many", engine="ray")
        evaluate_recommendation(**said, run="one")
    assert exported("many-none-agent") == exported("one-none-agent")
    assert exported("many-none-afl") == exported("one-none-afl")


TWO_MODELS = {"user_llm": "openai:u", "user_api_key_env": "OTHER_KEY", "user_temperature": 1.0}


@pytest.mark.parametrize("engine_name", ["local", "ray"])
def test_each_agents_prompts_reach_only_its_own_address_with_its_own_key_and_options(
    engine_name: str, play: Play, serve: Serve, serve_user: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "first")
    monkeypatch.setenv("OTHER_KEY", "second")
    with (
        serve(refusing_answer, authorization="Bearer first") as one,
        serve_user(refusing_answer, authorization="Bearer second") as other,
    ):
        addresses = {"base_url": one.url, "user_base_url": other.url}
        found = play(run="x", engine=engine_name, **addresses, **TWO_MODELS)
    assert (found.completed, found.failed) == (30, 0)
    for server, marker, model, temperature in ((one, "Item:", "m", 0.0), (other, "Decision:", "u", 1.0)):
        assert server.counters.chat == found.llm["calls"] / 2 > 0
        assert all(marker in request["messages"][-1]["content"] for request in server.requests)
        assert {(request["model"], request["temperature"]) for request in server.requests} == {
            (model, temperature)
        }


def test_two_models_that_are_the_same_lead_to_the_results_of_one(
    play: Play, serve: Serve, serve_user: Serve, exported: Callable[..., bytes]
) -> None:
    with serve() as one, serve_user() as other:
        play(run="one", base_url=one.url)
        same = {"base_url": one.url, "user_llm": "openai:m", "user_base_url": other.url}
        for engine_name in ("local", "ray"):
            asked = one.counters.chat, other.counters.chat
            play(run=engine_name, engine=engine_name, **same)
            assert one.counters.chat > asked[0]
            assert other.counters.chat > asked[1]
            assert exported(engine_name) == exported("one")


def test_a_model_that_is_slowed_down_over_ray_does_not_slow_the_other(
    play: Play, serve: Serve, serve_user: Serve
) -> None:
    with (
        serve(refusing_answer) as one,
        serve_user(refusing_answer, faults={9: rate_limited("0")}) as other,
    ):
        addresses = {"base_url": one.url, "user_base_url": other.url}
        found = play(run="x", engine="ray", user_llm="openai:u", **addresses)
    paces = {
        role: [change.concurrency for change in found.pace if change.role == role]
        for role in ("recommendation", "user")
    }
    assert (paces["recommendation"], paces["user"][:2]) == ([CONCURRENCY], [CONCURRENCY, CONCURRENCY // 2])


def test_two_models_share_a_budget_over_ray_each_at_its_price(
    play: Play, serve: Serve, serve_user: Serve, small: Path
) -> None:
    (small / "prices.json").write_text(json.dumps({"models": {"m": [1.0, 2.0], "u": [1000.0, 2000.0]}}))
    with serve() as one, serve_user() as other:
        addresses = {"base_url": one.url, "user_base_url": other.url, "user_llm": "openai:u"}
        short = play(run="x", engine="ray", budget_usd=0.1, **addresses)
        assert (short.failed > 0, one.counters.chat > 0, other.counters.chat) == (True, True, 0)
        enough = play(run="x", engine="ray", budget_usd=1000, **addresses)
    assert (enough.failed, other.counters.chat > 0) == (0, True)
    assert enough.budget is not None
    spent = sum(usage["cost_usd"] or 0 for usage in enough.by_role.values())
    assert enough.budget["spent_usd"] == pytest.approx(spent, abs=1e-5)


def test_a_part_of_ones_own_that_stays_where_it_is_is_a_mistake(play: Play, small: Path) -> None:
    lock = threading.Lock()

    class Stuck:
        name = "stuck"

        async def advise(self, view: object, dialogue: object) -> None:
            lock.locked()

    with pytest.raises(UsageError, match="a part of your own cannot be sent to other processes"):
        play(llm="offline", run="x", engine="ray", tools=[Stuck()])


def test_messages_of_the_cluster_stay_off_the_output(nodes: TwoNodes, capsys: pytest.CaptureFixture[str]) -> None:
    from ray._private.worker import print_to_stdstream

    warning = "WARNING: 8 PYTHON worker processes have been started on node: dcd1815d"
    print_to_stdstream({"lines": [warning], "pid": "raylet", "is_err": False}, ignore_prefix=False)
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_leaves_a_run_that_goes_on(
    play: Play, serve: Serve, nodes: TwoNodes, launch: Launch, exported: Callable[..., bytes]
) -> None:
    assassin = Assassin()
    with serve(assassin, latency=0.02) as server:
        said = loop_arguments(server, "--run", "x", "--concurrency", CONCURRENCY)
        pid: Future[int] = Future()
        assassin.aim(pid.result, at=60, signal=signal.SIGINT)
        process = launch([*said, "--engine", "ray", "--workers", "1", "--address", nodes.address])
        pid.set_result(process.pid)
        interrupted = process.wait()
        assert (interrupted.code, interrupted.out) == (130, "")
        assert interrupted.err.splitlines()[-1].startswith("afl: interrupted; progress saved")
        assert play(run="x", engine="ray", base_url=server.url).failed == 0
        play(run="undisturbed", base_url=server.url)
    assert exported("x") == exported("undisturbed")
    assert max(Counter(assassin.requests).values()) <= 3


def test_a_node_that_is_lost_costs_the_calls_that_were_under_way_in_it(
    play: Play, serve: Serve, nodes: TwoNodes, exported: Callable[..., bytes]
) -> None:
    asked: list[str] = []

    def answer(messages: Sequence[Mapping[str, Any]]) -> str:
        asked.append(json.dumps(messages))
        if len(asked) == 100:
            nodes.end_second()
        return refusing_answer(messages)

    with serve(answer, latency=0.02) as server:
        found = play(run="lost", engine="ray", base_url=server.url)
    nodes.forget_second()
    assert (found.completed, found.failed) == (30, 0)
    with running_server(refusing_answer, keep_requests=True) as other:
        play(run="undisturbed", base_url=other.url)
        assert exported("lost") == exported("undisturbed")
        assert {json.dumps(request["messages"]) for request in other.requests} == set(asked)
    assert len(asked) - len(set(asked)) < CONCURRENCY
