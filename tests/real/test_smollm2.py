"""AFL with a real language model: SmolLM2-135M-Instruct, structured, on the demo data set."""

import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.real.conftest import FIXED, Commands

DISTINCT = ("--llm-option", "repeat_penalty=1.5", "--llm-option", "repeat_last_n=512")
"""A schema cannot keep a small model from listing one title again and again; these sampling options can."""
PROFILES = """
[llm.curious]
model = "gguf:smollm2"
structured = "json-schema"
temperature = 0.8
llm_seed = 7

[llm.steady]
model = "gguf:smollm2"
structured = "json-schema"
"""


def rows(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.splitlines()]


def journal(home: Path) -> list[tuple[Any, ...]]:
    """What is recorded of a run in progress: request and reply of every call."""
    with closing(sqlite3.connect(f"file:{home / 'afl.db'}?mode=ro", uri=True)) as database:
        return database.execute("SELECT fingerprint, created FROM journal ORDER BY created").fetchall()


def servers() -> set[int]:
    """The processes that serve a model."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"afl.llm.gguf" in command:
            found.add(int(folder.name))
    return found


def wait_for_calls(process: subprocess.Popen[str], home: Path, count: int) -> None:
    """Returns once so many calls are recorded, or the process has ended."""
    while process.poll() is None:
        try:
            if len(journal(home)) >= count:
                return
        except sqlite3.OperationalError:
            pass  # there is no database yet, or no table in it
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.1)


def test_every_turn_of_five_dialogues_is_answered_and_a_replay_needs_no_model(afl: Commands) -> None:
    run = afl("simulate", *FIXED, "--sessions", 5, "--run", "loop", "--json").json
    assert (run["completed"], run["failed"]) == (5, 0)
    assert {outcome for outcome, number in run["outcomes"].items() if number} == {"ok"}
    exported = afl.exported("loop")
    assert all(row["reason"] or json.loads(row["reply"])["reason"] == "" for row in rows(exported))
    assert servers() == set()
    (afl.home / "llms").unlink()
    assert afl("simulate", "--replay", "loop", "--run", "again").code == 0
    assert afl.exported("again") == exported


def test_lists_of_five_hold_five_candidates(afl: Commands) -> None:
    few = ["--sessions", 3, "--candidates", 20, "--top", 5]
    run = afl("rank", *FIXED, *DISTINCT, *few, "--run", "lists", "--json").json
    assert (run["completed"], run["failed"]) == (3, 0)
    for row in rows(afl.exported("lists")):
        if row["outcome"] == "ok":
            assert len(set(json.loads(row["reply"])["items"])) == 5


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to look for processes")
def test_a_killed_run_goes_on_where_it_was_and_its_server_dies_with_it(afl: Commands) -> None:
    command = ["simulate", *FIXED, "--sessions", 4, "--concurrency", 1, "--run", "killed"]
    with afl.start(*command) as process:
        wait_for_calls(process, afl.home, 3)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    before = journal(afl.home)
    assert len(before) >= 3
    while servers():  # its end takes a moment
        os.sched_yield()
    run = afl(*command, "--json").json
    assert run["completed"] == 4
    after = journal(afl.home)
    assert after[: len(before)] == before
    assert run["llm"]["calls"] == len(after) - len(before)
    assert run["llm"]["journaled"] > 0


def test_a_budget_ends_a_run_and_more_of_it_goes_on(afl: Commands) -> None:
    command = ["simulate", *FIXED, "--sessions", 3, "--run", "budget", "--json"]
    stopped = afl(*command, "--budget-tokens", 4500)
    assert (stopped.code, stopped.json["failed"] > 0) == (1, True)
    spent = stopped.json["llm"]["prompt_tokens"] + stopped.json["llm"]["completion_tokens"]
    assert 0 < spent <= 4500
    more = afl(*command, "--budget-tokens", 900_000).json
    assert (more["completed"], more["failed"]) == (3, 0)


def test_two_profiles_play_the_two_agents(afl: Commands) -> None:
    (afl.home / "afl.toml").write_text(PROFILES)
    fixed = ["--dataset", "demo", "--llm", "curious", "--user-llm", "steady", "--sessions", 2]
    run = afl("simulate", *fixed, "--run", "two", "--json").json
    assert (run["completed"], run["failed"]) == (2, 0)
    assert {usage["model"] for usage in run["llm"]["by_role"].values()} == {"gguf:smollm2"}
    assert all(usage["calls"] for usage in run["llm"]["by_role"].values())
