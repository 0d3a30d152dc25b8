"""`afl view`: the port, the token, the browser, and mistakes in one line."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from starlette.testclient import TestClient

from afl.errors import StorageError, UsageError
from memory.store import Store
from simulations import view
from simulations.execution.asynchrony import wait_for
from simulations.viewer.app import create_app
from simulations.viewer.server import Address, is_loopback
from tests.simulations.conftest import Afl


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_viewer_answers_until_ctrl_c(database: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "afl",
        "view",
        "talk",
        "--no-browser",
        "--port",
        "0",
        "--db",
        database,
        "--json",
    ]
    environment = os.environ | {"AFL_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as viewer:
        address = json.loads(viewer.stdout.readline())["url"]
        with urlopen(address) as answer:
            assert b"<h1>talk</h1>" in answer.read()
        viewer.send_signal(signal.SIGINT)
        assert viewer.communicate(timeout=30) == (b"", b"")
    assert viewer.returncode == 0


def test_a_taken_port_is_named_in_one_line(afl: Afl, database: str, taken: int) -> None:
    finished = afl("view", "--no-browser", "--port", taken, "--db", database)
    assert finished.code == 2
    assert finished.complaint == (
        f"afl: --host 127.0.0.1 --port {taken}: the port is taken, perhaps by another viewer; "
        "name another, or --port 0 for any"
    )


def test_a_missing_database_is_named_in_one_line(afl: Afl, tmp_path: Path) -> None:
    finished = afl("view", "talk", "--no-browser", "--db", f"sqlite:///{tmp_path / 'none.db'}")
    assert finished.code == 2
    assert finished.complaint.endswith(
        "it does not exist; start a run, which creates it, or use another one with --db"
    )
    assert os.listdir(tmp_path) == []


def test_a_folder_with_other_files_is_refused_in_one_line(afl: Afl, database: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    finished = afl("view", "--export", tmp_path, "--db", database)
    assert finished.code == 2
    assert "it holds thesis.tex, which no export wrote" in finished.err


def test_an_unknown_run_is_named_before_a_port_is_opened(afl: Afl, database: str, taken: int) -> None:
    finished = afl("view", "nope", "--no-browser", "--port", taken, "--db", database)
    assert finished.complaint.startswith("afl: no run is called 'nope'; available: ")


def test_a_missing_extra_is_named_with_its_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    message = r'the viewer needs fastapi, which is not installed: pip install "afl\[viewer\]"'
    with pytest.raises(UsageError, match=message):
        view()


@pytest.mark.parametrize("host", ["9.9.9.9", "no such host", "nowhere.invalid"])
def test_an_address_of_another_machine_is_refused(database: str, host: str) -> None:
    with pytest.raises(UsageError, match="address of this machine"):
        view(host=host, port=0, browser=False, db=database)


def test_an_export_is_one_object(afl: Afl, database: str, tmp_path: Path) -> None:
    finished = afl("view", "begun", "--export", tmp_path / "site", "--db", database, "--json")
    assert finished.json["runs"] == ["begun"]
    assert finished.json["files"] == sum(file.is_file() for file in (tmp_path / "site").rglob("*"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost", "LOCALHOST"])
def test_addresses_of_this_machine_alone_need_no_token(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org"])
def test_addresses_that_others_reach_need_one(host: str) -> None:
    assert not is_loopback(host)


def test_an_address_holds_the_token() -> None:
    assert Address("here", 7576, "t?k").url("/compare?run=a") == "http://here:7576/compare?run=a&token=t%3Fk"
    assert Address("::1", 7576, None).url() == "http://[::1]:7576/"


def test_without_a_database_every_page_says_what_to_run_until_there_is_one(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'none.db'}"
    with TestClient(create_app(db, datasets=tmp_path, hosts=["testserver"])) as client:
        for path in ("/", "/compare", "/hints", "/flower"):
            page = client.get(path)
            assert page.status_code == 200
            assert "afl simulate --dataset demo --llm offline" in page.text
        assert "it does not exist" in client.get("/api/runs").json()["error"]
        assert os.listdir(tmp_path) == []
        wait_for(_create(db))
        assert "No run yet" in client.get("/").text
        assert client.get("/api/runs").json()["all"] == 0


async def _create(db: str) -> None:
    async with await Store.open(db):
        pass


def test_without_a_database_a_viewer_answers(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "afl", "view", "--no-browser", "--port", "0", "--json"]
    environment = os.environ | {"AFL_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as viewer:
        with urlopen(json.loads(viewer.stdout.readline())["url"]) as answer:
            assert b"No runs yet" in answer.read()
        viewer.send_signal(signal.SIGINT)
        assert viewer.communicate(timeout=30) == (b"", b"")


def test_a_run_of_a_missing_database_is_an_error_before_a_port_is_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="it does not exist"):
        view(["talk"], db=f"sqlite:///{tmp_path / 'none.db'}", browser=False)


def test_without_a_database_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="it does not exist"):
        view(export=tmp_path / "site", db=f"sqlite:///{tmp_path / 'none.db'}")
    assert os.listdir(tmp_path) == []
