"""Keys, passwords and tokens never reach what AFL keeps or says, whatever goes wrong."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from afl.settings import Settings
from afl.testing.faults import Completion, Fault, status
from afl.testing.server import running_server
from simulations import simulate
from tests.simulations.conftest import Afl, Finished

KEY = "canary/key+9f2c7e51"
PASSWORD = "canary@pass-71e0"
TOKEN = "canary_token_53bb"
MARK = "canary"
BASIC = b64encode(f"me:{PASSWORD}".encode()).decode()


def echo(where: str) -> Fault:
    """Answers with the headers and the address it was asked under, in whatever it says."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        seen = f"{request.headers.get('Authorization')} {request.rel_url}"
        match where:
            case "401":
                return await status(401, f"no: {seen}")(request, completion)
            case "cut":
                return web.Response(text="x" * 30 + seen, content_type="text/html")
            case "reply":
                completion["choices"][0]["message"]["content"] = f"You sent {seen}"
            case "finish":
                completion["choices"][0]["finish_reason"] = seen
        return web.json_response(completion)

    return fault


@pytest.fixture
def secretive(small: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose user has a key."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    return small


@pytest.fixture
def leaks(secretive: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Callable[[Finished], list[str]]:
    """Where a secret can be read: in what a command said, in the log, or in any file below the folder, database too."""
    caplog.set_level("DEBUG")

    def look(*said: Finished) -> list[str]:
        streams = {"stdout": "".join(one.out for one in said), "stderr": "".join(one.err for one in said)}
        texts = {**streams, "log": caplog.text, **{str(file): content(file) for file in files(tmp_path)}}
        return [name for name, text in texts.items() if MARK in text or BASIC in text]

    return look


def files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


def content(file: Path) -> str:
    """Every byte of a file; of a database also every line of what it has compressed, by way of the export."""
    return file.read_bytes().decode("latin1")


def everything_said(afl: Afl, folder: Path) -> list[Finished]:
    """All commands that show or write a run, as people and as scripts call them."""
    prompts = [afl("inspect", "x", "--prompts", *more) for more in ([], ["--json"])]
    shown = [afl(*words, "x", *more) for words in (["rescore"], ["audit"]) for more in ([], ["--json"])]
    listed = [afl("runs"), afl("runs", "--json")]
    written = [afl("export", "x", "--out", folder / "x.jsonl")]
    return [*prompts, *shown, *listed, *written]


@pytest.mark.parametrize("where", ["401", "cut", "reply", "finish"])
def test_a_server_that_echoes_requests_reveals_no_key(
    where: str, secretive: Path, afl: Afl, loop: Afl, tmp_path: Path, leaks: Callable[..., list[str]]
) -> None:
    with running_server(faults=dict.fromkeys(range(5, 9), echo(where))) as server:
        played = loop(server, "--run", "x", "--concurrency", 1, "--sessions", 4)
    report = afl("report", "x", "--out", tmp_path / "report")
    assert leaks(played, report, *everything_said(afl, tmp_path)) == []


@pytest.mark.parametrize("where", ["401", "reply"])
def test_credentials_in_an_address_are_sent_and_never_shown(
    where: str, secretive: Path, afl: Afl, loop: Afl, tmp_path: Path, leaks: Callable[..., list[str]]
) -> None:
    with running_server(faults={4: echo(where)}, authorization=f"Basic {BASIC}") as server:
        port = server.url.split(":")[2].split("/")[0]
        address = f"http://me:{PASSWORD.replace('@', '%40')}@127.0.0.1:{port}/v1?api_key={TOKEN}"
        played = loop(server, "--run", "x", "--concurrency", 1, "--sessions", 2, "--base-url", address)
    assert server.counters.chat > 3
    assert leaks(played, *everything_said(afl, tmp_path)) == []


@pytest.mark.parametrize(
    "address",
    [
        f"http://me:{PASSWORD}@127.0.0.1:1/v1?api_key={TOKEN}",
        f"http://{TOKEN}@127.0.0.1:1/v1",
        f"ftp://me:{PASSWORD}@host/v1",
        f"http://me:{PASSWORD}@host:99999/v1?key={TOKEN}",
        f"http://me:{PASSWORD}@ho st/v1?key={TOKEN}",
        f"https://me:{PASSWORD}@[::1/v1",
    ],
)
def test_an_address_that_leads_nowhere_is_named_without_its_credentials(
    address: str, secretive: Path, afl: Afl, leaks: Callable[..., list[str]]
) -> None:
    refused = afl("simulate", "--dataset", "small", "--llm", "openai:m", "--base-url", address, "--run", "x")
    assert (refused.code, "Traceback" in refused.err) == (2, False)
    assert leaks(refused) == []


@pytest.mark.parametrize("key", [f"{MARK}\nkey", f"{MARK}-kéy", f"{MARK}\x00key", f"{MARK}\u202e"])
def test_a_key_that_no_header_can_hold_is_refused_unseen(
    key: str, secretive: Path, leaks: Callable[..., list[str]]
) -> None:
    settings = Settings.model_validate({"AFL_HOME": secretive, "AFL_DB": None, "OPENAI_API_KEY": key})
    with running_server() as server, pytest.raises(ValueError, match="characters that no key has") as refused:
        simulate(dataset="small", llm="openai:m", base_url=server.url, settings=settings)
    assert MARK not in str(refused.value)
    assert leaks() == []


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{PASSWORD}@127.0.0.1:1/afl",
        f"postgresql://127.0.0.1:1/afl?user=me&password={TOKEN}",
        f"mysql://me:{PASSWORD}@127.0.0.1:1/afl",
        f"me:{PASSWORD}@host",
        f"oracle+none://me:{PASSWORD}@host/x?token={TOKEN}",
    ],
)
@pytest.mark.parametrize("command", [["runs"], ["simulate", "--dataset", "small", "--llm", "offline"]])
def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    command: list[str],
    url: str,
    secretive: Path,
    afl: Afl,
    monkeypatch: pytest.MonkeyPatch,
    leaks: Callable[..., list[str]],
) -> None:
    monkeypatch.setenv("AFL_DB", url)
    refused = [afl(*command, *more) for more in ([], ["--json"])]
    assert {one.code for one in refused} == {2}
    assert leaks(*refused) == []


def test_settings_can_be_printed(secretive: Path) -> None:
    settings = Settings.model_validate(
        {
            "AFL_DB": f"postgresql://me:{PASSWORD}@h/x",
            "OPENAI_BASE_URL": f"http://me:{PASSWORD}@h",
            "AFL_HOME": "x",
        }
    )
    assert MARK not in f"{settings!r} {settings}"


def test_the_search_covers_all_stored_files(secretive: Path, afl: Afl, loop: Afl, tmp_path: Path) -> None:
    """The tests above would find a secret: what a server says in an ordinary reply is in database and export."""
    with running_server(lambda messages: f"Reason: {MARK}\nItem: x\nDecision: no") as server:
        loop(server, "--run", "x", "--sessions", 1)
    said = everything_said(afl, tmp_path)
    assert MARK in said[0].out
    assert MARK in (tmp_path / "x.jsonl").read_text()
    with closing(sqlite3.connect(secretive / "afl.db")) as database:
        assert database.execute("SELECT count(*) FROM journal WHERE error LIKE '%canary%'").fetchone() == (0,)


def test_files_are_writable_by_their_owner_alone(secretive: Path, afl: Afl, loop: Afl, tmp_path: Path) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 2)
    everything_said(afl, tmp_path)
    modes = {file.relative_to(tmp_path).as_posix(): file.stat().st_mode & 0o777 for file in files(tmp_path)}
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o133} == {}
    assert json.loads((tmp_path / "x.jsonl").read_text().splitlines()[0])["session"]


def test_an_export_does_not_follow_a_link_in_its_place(
    secretive: Path, afl: Afl, loop: Afl, tmp_path: Path
) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "x.jsonl").symlink_to(tmp_path / "precious")
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 1)
    assert afl("export", "x", "--out", tmp_path / "x.jsonl").code == 0
    assert (tmp_path / "precious").read_text() == "precious"


@pytest.mark.parametrize("out", [".", "/", ".."])
def test_an_export_into_a_folder_is_one_clear_line(out: str, secretive: Path, afl: Afl, loop: Afl) -> None:
    with running_server() as server:
        loop(server, "--run", "x", "--sessions", 1)
    refused = afl("export", "x", "--out", out)
    assert (refused.code, "got a folder" in refused.complaint) == (2, True)
