"""Whatever stands in the way: one clear line on stderr, nothing on stdout, exit code 2, nothing half-written."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from afl.data.dataset import Dataset
from afl.testing.faults import status
from afl.testing.server import FakeServer, running_server
from memory.store import Store
from simulations.execution.asynchrony import event_loop
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from tests.simulations.conftest import Afl, Finished


def last_line(finished: Finished) -> str:
    """The complaint of a command that had begun to show progress."""
    assert (finished.code, finished.out) == (2, "")
    assert "Traceback" not in finished.err
    return finished.err.splitlines()[-1]


def runs(afl: Afl) -> list[str]:
    return [run["name"] for run in afl("runs", "--json").json["runs"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "info", "nothing"], "no data set is called 'nothing'; available: small"),
        (["data", "remove", "nothing"], "no data set is called 'nothing'; available: small"),
        (
            ["data", "import", "excel", "x.xls", "--name", "x"],
            "no importer is called 'excel'; available: amazon, csv, demo",
        ),
        (["data", "import", "csv", "nowhere.csv", "--name", "x"], "nowhere.csv"),
        (["data", "import", "csv", "--name", "x"], "csv"),
        (["data", "import", "demo", "--name", "../x"], "got '../x' as the name of a data set"),
        (["data", "import", "demo"], "Missing option '--name'"),
        (
            ["train", "nothing", "--dataset", "small"],
            "no model is called 'nothing'; available: caser, gru4rec, item-knn, morec",
        ),
        (["train", "sasrec", "--dataset", "nothing"], "no data set is called 'nothing'"),
        (["inspect", "nothing"], "no run is called 'nothing'; available: none yet"),
        (["export", "nothing", "--out", "x.jsonl"], "no run is called 'nothing'"),
        (["simulate", "--llm", "offline"], "--dataset is missing"),
        (["simulate", "--dataset", "small"], "--llm is missing"),
        (["simulate", "--no-such-option"], "No such option '--no-such-option'"),
        (["simulate", "--rounds", "many"], "Invalid value for '--rounds'"),
        (["no-such-command"], "No such command 'no-such-command'"),
        (["runs", "--db", "nonsense"], "the database URL cannot be parsed"),
    ],
)
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("as_json", [[], ["--json"]], ids=["", "json"])
def test_a_missing_name_is_reported_with_existing_names(
    arguments: list[str], message: str, as_json: list[str], afl: Afl
) -> None:
    refused = afl(*arguments, *as_json)
    assert refused.code == 2
    assert refused.complaint.startswith("afl: ")
    assert message in refused.complaint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--dataset", "nothing"], "no data set is called 'nothing'; available: small"),
        (["--sessions", "31"], "--sessions: got 31, but split 'all' of 'small' has 30"),
        (["--sessions", "0"], "--sessions: got 0, expected at least 1"),
        (["--rounds", "0"], "--rounds: got 0, expected at least 1"),
        (["--candidates", "1"], "--candidates: got 1, expected at least 2"),
        (["--candidates", "58"], "54 are left to draw from, expected at least 57"),
        (["--concurrency", "0"], "--concurrency: got 0, expected at least 1"),
        (["--split", "dev"], "--split: got 'dev', expected one of: train, valid, test, all"),
        (
            ["--candidates-from", "thin-air"],
            "--candidates-from: got 'thin-air', expected one of: seeded, reference",
        ),
        (["--llm", "parrot"], "'parrot'; available: answers, gguf, langchain, offline, openai"),
        (["--llm", "openai"], "expected openai:MODEL"),
        (["--recommender", "oracle"], "no recommender is called 'oracle'; available: caser, file, "),
        (["--reward", "oracle"], "no reward model is called 'oracle'; available: caser, gru4rec, item-knn"),
        (["--tool", "oracle"], "no tool is called 'oracle'"),
        (["--recommender", "file"], "expected file:PATH.csv"),
        (["--recommender", "file:nowhere.csv"], "nowhere.csv"),
        (["--base-url", "localhost"], "got --base-url 'localhost', expected something like http"),
    ],
)
def test_an_option_that_cannot_be_used_leaves_no_run(
    options: list[str], message: str, loop: Afl, server: FakeServer, afl: Afl
) -> None:
    refused = loop(server, "--run", "x", *options)
    assert message in last_line(refused)
    assert server.counters.chat == 0
    assert runs(afl) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "empty"),
        (b"user,item\nu,i\n", "timestamp"),
        (b"user,item,timestamp\nu1,Muse,1\nu1,Air,noon\n", "line 3"),
        (b"user,item,timestamp\nu1,Muse,1\n,Air,2\n", "line 3"),
        (b"user,item,timestamp\n\xff\xfe\xfa,Air,2\n", "UTF-8"),
    ],
    ids=["empty", "no time", "bad time", "no user", "bytes"],
)
def test_a_malformed_file_is_named_with_its_line_and_leaves_no_data_set(
    text: bytes, message: str, afl: Afl, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_bytes(text)
    refused = afl("data", "import", "csv", tmp_path / "bad.csv", "--name", "bad", "--json")
    assert refused.code == 2
    assert "bad.csv" in refused.complaint
    assert message in refused.complaint
    assert [entry.name for entry in (small / "data").iterdir()] == ["small"]


def test_a_wrong_key_is_reported_before_a_run_starts(loop: Afl, afl: Afl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-0123456789abcdef")
    with running_server(authorization="Bearer sk-right") as server:
        refused = loop(server, "--run", "x")
    assert "wrong key" in refused.complaint
    assert "check OPENAI_API_KEY" in refused.complaint
    assert "sk-wrong" not in refused.complaint
    assert (refused.code, runs(afl)) == (2, [])


def test_a_key_refused_by_the_first_call_leaves_no_run(loop: Afl, afl: Afl) -> None:
    refusing = {number: status(401, "Incorrect API key provided") for number in range(1, 65)}
    with running_server(faults=refusing, models=status(404)) as server:
        refused = loop(server, "--run", "x")
    assert "the endpoint refuses the key" in last_line(refused)
    assert runs(afl) == []


def test_a_key_refused_midway_keeps_what_was_done(loop: Afl, afl: Afl, exported: Callable[[str], bytes]) -> None:
    with running_server(faults={40: status(401)}) as server:
        assert "the endpoint refuses the key" in last_line(loop(server, "--run", "x", "--concurrency", 1))
    (run,) = afl("runs", "--json").json["runs"]
    assert run["totals"]["completed"] > 0
    with running_server() as server:
        assert loop(server, "--run", "x").json["llm"]["calls"] == server.counters.chat < 148 - 30
        assert loop(server, "--run", "undisturbed").code == 0
    assert exported("x") == exported("undisturbed")


def test_a_dead_endpoint_is_named_and_leaves_no_run(loop: Afl, afl: Afl) -> None:
    with running_server() as server:
        url = server.url
    refused = loop(server, "--run", "x")
    assert f"nobody answers at {url.split('/')[2]}" in refused.complaint
    assert (refused.code, runs(afl)) == (2, [])


def test_a_model_that_the_endpoint_does_not_list_is_said_and_asked_all_the_same(loop: Afl) -> None:
    with running_server(models=["llama", "qwen"]) as server:
        run = loop(server, "--run", "x", "--sessions", 2)
    assert "does not list the model 'm'; it lists: llama, qwen" in run.err
    assert (run.code, run.json["completed"]) == (0, 2)


@pytest.mark.usefixtures("small")
def test_openai_without_a_key_says_where_to_put_one(afl: Afl) -> None:
    refused = afl(
        "simulate", "--dataset", "small", "--llm", "openai:m", "--recommender", "none", "--reward", "none"
    )
    assert "set OPENAI_API_KEY" in refused.complaint


def test_the_message_says_that_a_database_is_locked(loop: Afl, server: FakeServer, small: Path) -> None:
    with closing(sqlite3.connect(small / "afl.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        refused = loop(server, "--run", "x", "--db", f"sqlite:///{small / 'afl.db'}?timeout=0.05")
    assert "database is locked; another program is writing to it" in last_line(refused)
    assert server.counters.chat == 0


def test_a_database_that_cannot_be_written_is_named(loop: Afl, server: FakeServer, small: Path) -> None:
    url = f"sqlite:///file:{small / 'afl.db'}?mode=ro&uri=true"
    assert "readonly" in last_line(loop(server, "--run", "x", "--db", url))
    assert server.counters.chat == 0


def test_a_database_in_no_folder_is_named(loop: Afl, server: FakeServer, small_csv: Path) -> None:
    refused = loop(server, "--run", "x", "--db", f"sqlite:///{small_csv}/afl.db")
    assert f"{small_csv}/afl.db" in refused.complaint
    assert server.counters.chat == 0


@pytest.mark.usefixtures("small")
def test_a_file_that_is_no_database_is_named(afl: Afl, small_csv: Path) -> None:
    before = small_csv.read_bytes()
    assert "not a database" in afl("runs", "--db", f"sqlite:///{small_csv}", "--json").complaint
    assert small_csv.read_bytes() == before


@contextmanager
def held(name: str, database: Path) -> Iterator[None]:
    """Somebody works on this run."""
    with event_loop() as wait:
        store = wait(Store.open(f"sqlite:///{database}"))
        holding = wait(store.run(name)).hold()
        wait(holding.__aenter__())
        yield
        wait(holding.__aexit__(None, None, None))
        wait(store.close())


def test_a_second_process_on_a_run_gets_the_name_of_the_holder(loop: Afl, server: FakeServer, small: Path) -> None:
    loop(server, "--run", "x", "--sessions", 2)
    with held("x", small / "afl.db"):
        refused = loop(server, "--run", "x", "--sessions", 2)
    assert f"run 'x' is held by process {os.getpid()}" in last_line(refused)
    assert loop(server, "--run", "x", "--sessions", 2).code == 0


@pytest.fixture
def suggestions(dataset: Dataset, tmp_path: Path) -> Path:
    """What a model suggested for each session: the first of its list."""
    task = Task.of(dataset, RunOptions(dataset="small", llm="any", split="all"))
    rows = [f"{view.session},{view.candidate_titles[0]}" for view in task.views()]
    path = tmp_path / "suggestions.csv"
    path.write_text("\n".join(["id,generate", *rows]) + "\n")
    return path


def test_suggestions_from_a_file_are_shown_and_are_the_base(
    loop: Afl, server: FakeServer, suggestions: Path
) -> None:
    found = loop(server, "--run", "x", "--recommender", f"file:{suggestions}").json
    assert found["base"]["n"] == 30
    asked = [request["messages"][-1]["content"] for request in server.requests]
    recommending = [text for text in asked if "Item:" in text.splitlines()[-1]]
    assert all("A sequential model suggests: Band" in text for text in recommending)


def test_a_suggestion_outside_its_list_stops_the_command_naming_the_session(
    loop: Afl, server: FakeServer, suggestions: Path, afl: Afl
) -> None:
    lines = suggestions.read_text().splitlines()
    suggestions.write_text("\n".join([*lines[:-1], lines[-1].split(",")[0] + ",Nobody"]) + "\n")
    refused = loop(server, "--run", "x", "--recommender", f"file:{suggestions}")
    session = lines[-1].split(",")[0]
    assert f"session {session!r} suggests 'Nobody', which is not on its candidate list" in last_line(refused)
    assert (server.counters.chat, runs(afl)) == (0, [])


def test_a_file_of_suggestions_that_changed_is_another_run(
    loop: Afl, server: FakeServer, suggestions: Path
) -> None:
    options = ["--run", "x", "--recommender", f"file:{suggestions}", "--sessions", 2]
    assert loop(server, *options).code == 0
    suggestions.write_text(suggestions.read_text() + "nobody,Band 1\n")
    assert "run 'x' has recommender_content" in last_line(loop(server, *options))


def test_an_export_that_cannot_be_written_leaves_nothing(
    loop: Afl, server: FakeServer, afl: Afl, tmp_path: Path
) -> None:
    loop(server, "--run", "x", "--sessions", 1)
    (tmp_path / "taken").mkdir()
    refused = afl("export", "x", "--out", tmp_path / "taken")
    assert str(tmp_path / "taken") in refused.complaint
    assert not list(tmp_path.glob(".taken*"))
