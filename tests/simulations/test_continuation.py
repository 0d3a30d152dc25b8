"""Nothing is lost and nothing is asked twice, however a run ends."""

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from afl.llm.fingerprint import fingerprint
from afl.testing.server import FakeServer, running_server
from tests.simulations.conftest import Afl, Assassin, Finished, Launch, loop_arguments

KILLED_AT = (1, 25, 40, 30, 30)
"""At which request of each pass, of 148 that the run takes."""


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, small: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a database of every kind in turn, which every command uses."""
    if request.param == "sqlite":
        return f"sqlite:///{small / 'afl.db'}"
    url: str = request.getfixturevalue("postgresql_url")
    monkeypatch.setenv("AFL_DB", url)
    return url


@pytest.fixture
def assassin() -> Assassin:
    return Assassin()


@pytest.fixture
def watched(assassin: Assassin) -> Iterator[FakeServer]:
    with running_server(assassin) as running:
        yield running


@pytest.fixture
def ended(assassin: Assassin, launch: Launch) -> Callable[..., Finished]:
    """Runs a command in a process that gets a signal when its n-th request has come in."""

    def run(arguments: list[str], *, at: int, by: int) -> Finished:
        pid: Future[int] = Future()
        assassin.aim(pid.result, at=len(assassin.requests) + at, signal=by)
        process = launch(arguments)
        pid.set_result(process.pid)
        return process.wait()

    return run


@pytest.mark.parametrize("concurrency", [1, 64])
def test_killed_five_times_a_run_ends_like_an_undisturbed_one(
    concurrency: int,
    database: str,
    watched: FakeServer,
    assassin: Assassin,
    ended: Callable[..., Finished],
    loop: Afl,
    exported: Callable[[str], bytes],
) -> None:
    arguments = loop_arguments(watched, "--run", "killed", "--concurrency", concurrency)
    passes = [kill_and_look(ended, arguments, at, assassin, database) for at in KILLED_AT]
    rest = len(assassin.requests)
    assert loop(watched, "--run", "killed", "--concurrency", concurrency).code == 0
    asked, kept = assassin.requests[:], passes[-1][1]

    with running_server() as other:
        assert loop(other, "--run", "undisturbed").code == 0
        assert exported("killed") == exported("undisturbed")
        assert {json.dumps(request["messages"]) for request in other.requests} == set(asked)
    # Only what was under way at a kill is asked again.
    assert len(asked) - len(set(asked)) <= len(KILLED_AT) * min(concurrency, 30)
    assert not kept & fingerprints(asked[rest:])
    assert not any(before & fingerprints(later) for before, later in after_each(passes, asked))


def kill_and_look(
    ended: Callable[..., Finished], arguments: list[str], at: int, assassin: Assassin, database: str
) -> tuple[int, set[str]]:
    """(requests so far, fingerprints in the journal) after a pass that was killed."""
    assert ended(arguments, at=at, by=signal.SIGKILL).code == -signal.SIGKILL
    return len(assassin.requests), journaled(database)


def after_each(passes: list[tuple[int, set[str]]], asked: list[str]) -> Iterator[tuple[set[str], list[str]]]:
    """What each pass left in the journal, and all that was asked after it."""
    return ((kept, asked[count:]) for count, kept in passes)


def journaled(database: str) -> set[str]:
    """Fingerprints of the replies on disk."""
    engine = create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        rows = (
            connection.execute(text("SELECT fingerprint FROM journal WHERE outcome <> 'failed'")).scalars().all()
        )
    engine.dispose()
    return {row.hex() for row in rows}


def fingerprints(requests: list[str]) -> set[str]:
    return {fingerprint("openai:m", {"temperature": 0.0}, json.loads(request)) for request in requests}


def test_ctrl_c_exits_130_and_the_next_start_completes_the_run(
    watched: FakeServer,
    assassin: Assassin,
    ended: Callable[..., Finished],
    loop: Afl,
    database: str,
    exported: Callable[[str], bytes],
) -> None:
    arguments = loop_arguments(watched, "--run", "x", "--concurrency", 8)
    interrupted = ended(arguments, at=40, by=signal.SIGINT)
    assert (interrupted.code, interrupted.out) == (130, "")
    assert interrupted.err.splitlines()[-1].startswith("afl: interrupted; progress saved")
    kept = journaled(database)
    assert len(kept) >= 32

    assert loop(watched, "--run", "x").code == 0
    assert loop(watched, "--run", "undisturbed").code == 0
    assert exported("x") == exported("undisturbed")
    assert max(Counter(assassin.requests).values()) <= 3


def test_a_finished_run_started_again_asks_nothing_and_reports_the_same(loop: Afl, server: FakeServer) -> None:
    first, again = loop(server, "--run", "x").json, loop(server, "--run", "x").json
    assert first["llm"]["calls"] == server.counters.chat
    assert again["llm"]["calls"] == 0
    assert {**again, "llm": 0, "seconds": 0} == {**first, "llm": 0, "seconds": 0}


def test_concurrency_and_address_may_change(loop: Afl, server: FakeServer) -> None:
    loop(server, "--run", "x")
    with running_server() as elsewhere:
        assert loop(elsewhere, "--run", "x", "--concurrency", 3).code == 0
        assert elsewhere.counters.chat == 0


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--rounds", 5, "rounds"),
        ("--seed", 304, "seed"),
        ("--candidates", 10, "candidates"),
        ("--sessions", 7, "sessions"),
        ("--split", "test", "split"),
        ("--llm", "openai:other", "llm"),
        ("--candidates-from", "reference", "candidates_from"),
        ("--user-sees-item-only", None, "user_sees_candidates"),
    ],
)
def test_the_same_name_with_something_different_names_the_difference(
    option: str, value: object, named: str, loop: Afl, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    loop(server, "--run", "x", "--sessions", 2)
    before = exported("x")
    changed = [option] if value is None else [option, value]
    refused = loop(server, "--run", "x", *(["--sessions", 2] if option != "--split" else []), *changed)
    assert refused.code == 2
    assert named in refused.complaint
    assert "--run" in refused.complaint or "name" in refused.complaint
    assert exported("x") == before


def test_nameless_runs_of_equal_options_are_one_run(loop: Afl, server: FakeServer) -> None:
    first, again, other = (loop(server, "--sessions", n).json["run"] for n in (2, 2, 3))
    assert first == again
    assert other != first
