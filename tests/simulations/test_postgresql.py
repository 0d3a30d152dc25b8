"""Every command does on PostgreSQL what it does on SQLite, and says nothing of the password."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from afl.llm.canned_answers import canned_answer
from afl.testing.server import FakeServer, running_server
from memory.store import Store
from simulations.execution.asynchrony import wait_for
from simulations.viewer.app import create_app
from tests.postgresql import Server
from tests.simulations.conftest import Afl, Finished
from tests.simulations.viewer import conftest as shown

PASSWORD = "canary-pass-2b7f"
PLAYED = {
    "runs": ["runs"],
    "inspect": ["inspect", "x", "--prompts"],
    "compare": ["compare", "x", "y"],
    "rescore": ["rescore", "x"],
    "audit": ["audit", "x"],
    "cache": ["cache", "explain", "x"],
}
TIMES = ("created", "begun", "seconds", "at", "ended", "pace")
"""What differs between any two runs."""
PAGES = (
    "/runs",
    "/runs/talk",
    "/runs/talk/sessions?words=dark&result=hit",
    "/runs/talk/sessions?text=heat",
    "/runs/talk/sessions/7",
    "/runs/judged/judging",
    "/runs/hinted/sessions/7",
    "/compare?run=talk&run=other&show=all",
    "/compare/7?run=talk&run=other",
    "/hints/films",
)


@pytest.fixture
def on_postgresql(small: Path, postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called, it lets all commands from then on use a PostgreSQL database."""
    return lambda: monkeypatch.setenv("AFL_DB", postgresql_url)


def test_a_run_and_its_reports_are_the_same(
    on_postgresql: Callable[[], None], loop: Afl, afl: Afl, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    said = [play(loop, afl, server, exported)]
    on_postgresql()
    said.append(play(loop, afl, server, exported))
    assert said[0] == said[1]


def play(loop: Afl, afl: Afl, server: FakeServer, exported: Callable[[str], bytes]) -> dict[str, Any]:
    """A run, continued, replayed, and answered by the cache: what each command says, without times."""
    options = [["x", "--sessions", 12], ["x", "--sessions", 12], ["y", "--sessions", 12, "--rounds", 2]]
    played = [
        timeless(loop(server, "--run", *more).json) for more in [*options, ["z", "--sessions", 12, "--cache"]]
    ]
    replayed = timeless(afl("simulate", "--replay", "x", "--run", "again", "--json").json)
    told = {name: timeless(afl(*words, "--json").json) for name, words in PLAYED.items()}
    return {
        **told,
        "played": [*played, replayed],
        "exports": [exported(name) for name in ("x", "y", "z", "again")],
    }


def timeless(said: Any) -> Any:
    """The same without times."""
    match said:
        case dict():
            return {key: timeless(value) for key, value in said.items() if key not in TIMES}
        case list():
            return [timeless(one) for one in said]
    return said


def test_every_page_of_the_viewer_is_the_same(postgresql_url: str, database: str, datasets: Path) -> None:
    wait_for(shown._fill(postgresql_url))
    assert pages(postgresql_url, datasets) == pages(database, datasets)


database, datasets = shown.database, shown.datasets


def pages(url: str, datasets: Path) -> dict[str, Any]:
    app = create_app(url, datasets=datasets, hosts=["testserver"])
    with TestClient(app) as client:
        return {page: timeless(client.get(f"/api{page}").raise_for_status().json()) for page in PAGES}


@pytest.fixture
def guarded(postgresql: Server, small: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A URL with a password that the server asks for, where every command finds it."""
    url = postgresql.new_url()
    name = urlsplit(url).path[1:]
    postgresql.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'; ALTER DATABASE {name} OWNER TO {name}")
    found = f"postgresql://{name}:{PASSWORD}@127.0.0.1:{postgresql.port}/{name}"
    monkeypatch.setenv("AFL_DB", found)
    return found


def test_a_password_is_used_and_never_shown(
    guarded: str, afl: Afl, loop: Afl, server: FakeServer, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level("DEBUG")
    told = [loop(server, "--run", "x", "--sessions", 2), *everything(afl, tmp_path)]
    told.append(afl("runs", "--db", guarded.replace(PASSWORD, f"{PASSWORD}-wrong")))
    told.append(afl("runs", "--db", guarded.replace("127.0.0.1", "127.0.0.1:1/x?y=")))
    assert [one.code for one in told] == [0] * (len(told) - 2) + [2, 2]
    assert "authentication failed" in told[-2].err
    written = "".join(file.read_bytes().decode("latin1") for file in tmp_path.rglob("*") if file.is_file())
    assert PASSWORD not in "".join([caplog.text, written, *(one.out + one.err for one in told)])


def everything(afl: Afl, folder: Path) -> list[Finished]:
    told = [["runs"], ["inspect", "x", "--prompts"], ["doctor"], ["export", "x", "--out", folder / "x.jsonl"]]
    told += [["report", "x", "--out", folder / "report"], ["rescore", "x"]]
    return [afl(*words, *more) for words in told for more in ([], ["--json"])]


def test_a_run_that_another_process_holds_is_refused_naming_it(
    on_postgresql: Callable[[], None], postgresql_url: str, loop: Afl, server: FakeServer
) -> None:
    on_postgresql()
    loop(server, "--run", "x", "--sessions", 2)
    refused = wait_for(holding(postgresql_url, lambda: loop(server, "--run", "x", "--sessions", 2)))
    assert refused.code == 2
    assert "run 'x' is held by process" in refused.complaint


async def holding(url: str, act: Callable[[], Finished]) -> Finished:
    """What `act` did while this task held the run."""
    async with await Store.open(url) as store, (await store.run("x")).hold():
        return await asyncio.to_thread(act)


def test_a_server_that_is_not_there_is_one_clear_line(small: Path, afl: Afl) -> None:
    refused = afl("runs", "--db", f"postgresql://me:{PASSWORD}@127.0.0.1:1/afl")
    assert refused.code == 2
    assert "database postgresql://127.0.0.1:1/afl: " in refused.complaint
    assert "start the server, or check host and port" in refused.complaint


def test_when_the_server_ends_the_connections_the_command_ends_in_one_line_and_goes_on_afterwards(
    on_postgresql: Callable[[], None],
    postgresql: Server,
    loop: Afl,
    exported: Callable[[str], bytes],
) -> None:
    on_postgresql()
    with running_server(Interrupting(40, lambda: postgresql.disconnect("afl"))) as server:
        stopped = loop(server, "--run", "x", "--concurrency", 8)
        assert stopped.code == 2
        assert stopped.err.splitlines()[-1].startswith("afl: database postgresql:///afl: ")
        assert "the server was stopped; run the command again when it is running" in stopped.err
        assert loop(server, "--run", "x").code == 0
        assert loop(server, "--run", "undisturbed").code == 0
    assert exported("x") == exported("undisturbed")


class Interrupting:
    """Answers like the fake server does, and acts once, at a certain request."""

    def __init__(self, at: int, act: Callable[[], None]) -> None:
        self._left = at
        self._act = act

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> str:
        self._left -= 1
        if not self._left:
            self._act()
        return canned_answer(messages)
