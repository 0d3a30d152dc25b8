"""Stored replies under today's parsers: what changes, what that does to the numbers, and what cannot be known."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from afl.llm.canned_answers import refusing_answer
from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from afl.types import CallKey, Outcome
from agents import UserAgent
from memory.records import TurnRecord
from memory.store import Store
from simulations.commands.rescore import rescore
from simulations.commands.simulate import simulate
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import wait_for
from simulations.execution.command_options import StorageOptions
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.executor import open_executor
from simulations.options.groups import EndpointOptions
from simulations.options.run_options import RunOptions
from tests.simulations.conftest import Afl

Read = Callable[[TurnRecord], TurnRecord | None]
"""What an earlier parser made of a turn; None for a turn that would not have been."""
Misread = Callable[[str, Read], None]
SESSIONS = 6


@pytest.fixture
def misread(small: Path) -> Misread:
    """`misread("old", read)`: records the run as a parser that reads its turns like `read` would have."""

    async def again(name: str, read: Read) -> None:
        async with await Store.open(Settings().db_url) as store:
            run = await store.run(name)
            for session in [row.session for row in await run.session_rows()]:
                record = (await run.transcript(session)).record
                await run.record_session(replace(record, turns=tuple(filter(None, map(read, record.turns)))))

    return lambda name, read: wait_for(again(name, read))


@pytest.fixture
def refused(loop: Afl) -> None:
    """A run `old` whose dialogues take two rounds and end with a no."""
    with running_server(refusing_answer) as server:
        assert loop(server, "--run", "old", "--sessions", SESSIONS, "--rounds", 2).code == 0


def place(round: int, role: str) -> Callable[[CallKey], bool]:
    return lambda key: (key.round, key.role, key.phase) == (round, role, "loop")


def where(at: Callable[[CallKey], bool], **fields: Any) -> Read:
    """Reads turns at this place as having said something else."""
    return lambda turn: replace(turn, **fields) if at(turn.key) else turn


def content(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    """Every row of every table that keeps rows of its own; an index for searching does not."""
    found = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    return {
        table: connection.execute(f'SELECT * FROM "{table}"').fetchall()
        for (table,) in connection.execute(found).fetchall()
    }


@pytest.mark.usefixtures("refused")
def test_replies_parsed_alike_change_nothing(afl: Afl, small: Path) -> None:
    (database,) = small.glob("*.db")
    with sqlite3.connect(database) as connection:
        before = content(connection)
        found = afl("rescore", "old", "--json")
        assert content(connection) == before
    assert (found.code, found.json["changed"], found.json["changes"], found.json["note"]) == (0, False, [], None)
    assert (found.json["turns"], found.json["left"], found.json["unread"]) == (4 * SESSIONS, 0, 0)
    assert found.json["before"] == found.json["after"]
    assert "Nothing changes." in afl("rescore", "old").out


@pytest.mark.usefixtures("refused")
def test_the_numbers_are_those_that_were_reported(afl: Afl) -> None:
    report = afl("simulate", "--replay", "old", "--run", "new", "--json").json
    after = afl("rescore", "new", "--json").json["after"]
    same = ("completed", "failed", "hit_rate_at_1", "hit_rate_at_1_completed")
    assert {key: after[key] for key in same} == {key: report[key] for key in same}
    assert [one["accepted"] for one in after["by_round"]] == [one["accepted"] for one in report["by_round"]]
    assert after["outcomes"] == {"ok": 4 * SESSIONS}


@pytest.mark.usefixtures("refused")
def test_a_last_answer_that_can_be_parsed_now_completes_the_session(afl: Afl, misread: Misread) -> None:
    misread("old", where(place(2, "user"), outcome=Outcome.UNPARSED, decision=None))
    found = afl("rescore", "old", "--json")
    assert (found.code, found.json["note"], len(found.json["changes"])) == (1, None, SESSIONS)
    change = found.json["changes"][0]
    assert (change["round"], change["role"], change["course"]) == (2, "user", "same")
    assert (change["was"]["outcome"], change["was"]["decision"]) == ("unparsed", None)
    assert (change["now"]["outcome"], change["now"]["decision"]) == ("ok", "no")
    assert (found.json["before"]["failed"], found.json["after"]["failed"]) == (SESSIONS, 0)


@pytest.mark.usefixtures("refused")
def test_another_item_leaves_the_turns_after_it_as_recorded(afl: Afl, misread: Misread) -> None:
    misread("old", where(place(1, "recommendation"), item="Somebody else"))
    found = afl("rescore", "old", "--json").json
    assert {(one["round"], one["was"]["item"], one["course"]) for one in found["changes"]} == {
        (1, "Somebody else", "other")
    }
    assert (found["turns"], found["left"]) == (SESSIONS, 3 * SESSIONS)
    assert found["note"].startswith(f"{SESSIONS} sessions would have diverged")
    assert found["before"]["hit_rate_at_1"] == found["after"]["hit_rate_at_1"]


@pytest.mark.usefixtures("refused")
def test_a_yes_now_parsed_as_no_would_have_continued_the_dialogue(afl: Afl, misread: Misread) -> None:
    accepted = where(place(1, "user"), decision=True)
    misread("old", lambda turn: accepted(turn) if turn.key.round == 1 else None)
    found = afl("rescore", "old", "--json").json
    assert {one["course"] for one in found["changes"]} == {"goes_on"}
    assert found["note"].startswith(f"{SESSIONS} sessions would have diverged")
    assert (found["before"]["accepted"], found["after"]["accepted"]) == (SESSIONS, 0)


def test_a_no_now_parsed_as_yes_ends_the_dialogue_there(loop: Afl, afl: Afl, misread: Misread) -> None:
    with running_server() as server:
        loop(server, "--run", "old", "--sessions", SESSIONS, "--rounds", 2)
    reported = afl("rescore", "old", "--json").json["after"]
    misread("old", where(lambda key: key.role == "user", decision=False))
    found = afl("rescore", "old", "--json").json
    assert found["before"]["accepted"] == 0
    assert found["after"]["accepted"] == reported["accepted"] > 0
    assert found["after"]["hit_rate_at_1"] == reported["hit_rate_at_1"]


@pytest.mark.usefixtures("refused")
def test_another_reason_is_a_change_without_effect_on_numbers(afl: Afl, misread: Misread) -> None:
    misread("old", where(place(1, "user"), reason="Reason: whatever"))
    found = afl("rescore", "old", "--json")
    assert (found.code, found.json["left"]) == (1, 0)
    assert {one["course"] for one in found.json["changes"]} == {"same"}
    assert found.json["before"] == found.json["after"]
    assert "no: Reason: whatever" in afl("rescore", "old").out


@pytest.mark.usefixtures("refused")
def test_a_changed_metric_is_a_difference_without_a_changed_turn(afl: Afl, small: Path) -> None:
    (database,) = small.glob("*.db")
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE sessions SET accepted = 1")
    found = afl("rescore", "old", "--json")
    assert (found.code, found.json["changes"]) == (1, [])
    assert (found.json["before"]["accepted"], found.json["after"]["accepted"]) == (SESSIONS, 0)


def test_other_judgements_change_precision_and_recall(
    afl: Afl, small: Path, server: FakeServer, misread: Misread
) -> None:
    asked = "evaluate user --dataset small --split all --llm openai:m --recommender none --reward none --arm afl"
    options = ["--ratio", "1:1", "--items", 2, "--rounds", 1, "--base-url", server.url, "--json"]
    (result,) = afl(*asked.split(), *options, "--run", "study").json["results"]
    misread("study-afl", lambda turn: replace(turn, decision=not turn.decision) if turn.label else turn)
    found = afl("rescore", "study-afl", "--json").json
    after = found["after"]["judged"]["1:1"]
    assert {metric: after[metric]["value"] for metric in ("precision", "recall", "f1")} == {
        metric: result[metric]["value"] for metric in ("precision", "recall", "f1")
    }
    assert found["before"]["judged"]["1:1"]["recall"]["value"] == pytest.approx(1 - after["recall"]["value"])
    assert {(one["phase"], one["course"]) for one in found["changes"]} == {("judge", "same")}
    assert "recall, 1:1" in afl("rescore", "study-afl").out


def test_lists_are_parsed_again_with_their_hit_rate(
    afl: Afl, small: Path, server: FakeServer, misread: Misread
) -> None:
    said = {"dataset": "small", "split": "all", "llm": "openai:m", "recommender": "none", "reward": "none"}
    with open_executor(StorageOptions(settings=Settings())) as executor:
        executor.run(
            RunOptions.resolve(said | {"protocol": "ranking", "listed": 4}),
            "lists",
            ExecutionConfig(endpoint=EndpointOptions(base_url=server.url)),
        )
    assert afl("rescore", "lists", "--json").json["changes"] == []
    misread("lists", lambda turn: replace(turn, ranking=("Nobody",)))
    found = afl("rescore", "lists", "--json").json
    assert found["before"]["ranked"]["hr_at_4"]["value"] == 0
    assert found["after"]["ranked"]["hr_at_4"]["value"] > 0
    assert len(found["changes"][0]["now"]["ranking"]) == 4


def test_turns_of_a_custom_agent_are_left_as_recorded(small: Path, server: FakeServer) -> None:
    class Shy(UserAgent):
        """Reads its replies in its own way."""

    simulate(
        dataset="small",
        split="all",
        llm="openai:m",
        recommender="none",
        reward="none",
        sessions=2,
        rounds=1,
        base_url=server.url,
        agents=AgentFactory(user_agent=Shy),
        run="own",
    )
    found = rescore("own")
    assert (found.turns, found.unread, found.changed) == (2, 2, False)


def test_an_unknown_run_is_the_users_mistake(afl: Afl, small: Path) -> None:
    assert "no run is called 'nothing'" in afl("rescore", "nothing").complaint


def test_the_object_is_valid_json_with_its_promised_keys(afl: Afl, refused: None) -> None:
    keys = "run turns left unread changed changes before after note"
    assert list(json.loads(afl("rescore", "old", "--json").out)) == keys.split()
