"""The agents as rankers: a list, a choice from it, a choice among all; who sees what, and what is kept."""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from afl.data.dataset import Dataset
from afl.data.domains import get_domain
from afl.errors import UsageError
from afl.llm.journaled_chat import JournaledChat
from afl.prompt_headings import HEADINGS
from afl.settings import Settings
from afl.testing import MemoryJournal, scripted_model
from afl.testing.server import FakeServer
from afl.types import Advice, Outcome, Refusal, Role, SessionView
from agents import RecommendationAgent, UserAgent
from agents.sections import listed_titles
from memory.store import Store
from simulations.execution.command_options import StorageOptions
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.executor import open_executor
from simulations.graphs.lists import after_ranking, build_choice, build_ranking, build_shortlist
from simulations.options.groups import EndpointOptions
from simulations.options.run_options import RunOptions
from simulations.task.task import Task
from tests.simulations.conftest import Afl
from tests.simulations.test_graph import turn

VIEW = SessionView(
    session="7",
    domain=get_domain("music"),
    history=(0, 1, 2),
    history_titles=("Portishead", "Massive Attack", "Tricky"),
    candidates=(10, 11, 12, 13),
    candidate_titles=("Muse", "Morcheeba", "Air", "Low"),
)
LIST = "Reason: slow\nItems:\n1. Air\n2. Low"
CHOICE = "Reason: softer\nItem: Low"


class Suggests:
    name = "suggestion"

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        return Advice("suggestion", "A sequential model suggests: Low")


class Tenths:
    def score(self, view: SessionView, item: int) -> float:
        return item / 10


def agents(*replies: str) -> tuple[RecommendationAgent, UserAgent, Any]:
    model = scripted_model(list(replies))
    chat = JournaledChat.live(model, MemoryJournal())
    return RecommendationAgent(chat), UserAgent(chat), model.chat


def requests(chat: Any) -> list[str]:
    return [str(messages[-1].content) for messages in chat.history]


async def test_a_ranking_is_one_turn_with_a_list() -> None:
    ranker, _, chat = agents(LIST)
    state = await build_ranking(ranker, top=2, tools=[Suggests()]).ainvoke({"view": VIEW})
    assert [(said.role, said.ranking, said.item) for said in state["turns"]] == [
        (Role.RECOMMENDATION, (12, 13), 12)
    ]
    assert "A sequential model suggests: Low" in requests(chat)[0]


async def test_the_user_agent_chooses_from_the_list_alone_with_scores_and_reason() -> None:
    ranker, chooser, chat = agents(LIST, CHOICE)
    graph = build_shortlist(ranker, chooser, top=2, tools=[Suggests()], reward=Tenths())
    state = await graph.ainvoke({"view": VIEW})
    assert [(said.role, said.item) for said in state["turns"]] == [(Role.RECOMMENDATION, 12), (Role.USER, 13)]
    assert "Candidates:\n1. Air\n   Reward score: 1.20\n2. Low\n   Reward score: 1.30\n\n" in requests(chat)[1]
    assert "Recommended because: slow" in requests(chat)[1]
    assert "suggests" not in requests(chat)[1]


async def test_without_a_list_there_is_no_choice() -> None:
    ranker, chooser, _ = agents("?", "?", "?")
    state = await build_shortlist(ranker, chooser, top=2).ainvoke({"view": VIEW})
    assert [said.outcome for said in state["turns"]] == [Outcome.UNPARSED]


@pytest.mark.parametrize("outcome", Outcome)
def test_the_user_agent_chooses_from_answered_lists_only(outcome: Outcome) -> None:
    goes_to = "choose" if outcome is Outcome.OK else "__end__"
    assert after_ranking(turn(Role.RECOMMENDATION, outcome=outcome)) == goes_to


async def test_the_user_agent_alone_chooses_among_all_candidates_without_scores_where_there_are_none() -> None:
    _, chooser, chat = agents(CHOICE)
    state = await build_choice(chooser).ainvoke({"view": VIEW})
    assert [(said.role, said.item, said.decision) for said in state["turns"]] == [(Role.USER, 13, None)]
    assert "Candidates:\n1. Muse\n2. Morcheeba\n3. Air\n4. Low\n\nWhich one" in requests(chat)[0]
    assert "score" not in requests(chat)[0]


Play = Callable[..., Any]


@pytest.fixture
def play(small: Any, server: FakeServer) -> Play:
    """`play("x", protocol="choice")`: a run over all sessions of `small`, and its report."""

    def perform(name: str, **said: Any) -> Any:
        fixed = {"dataset": "small", "split": "all", "llm": "openai:m", "recommender": "none", "reward": "none"}
        with open_executor(StorageOptions(settings=Settings())) as executor:
            return executor.run(
                RunOptions.resolve(fixed | said),
                name,
                ExecutionConfig(endpoint=EndpointOptions(base_url=server.url)),
            )

    return perform


def verdicts(afl: Afl, run: str) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in afl("audit", run, "--json").json["checks"]}


def lines(export: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export.decode().splitlines()]


def test_the_last_named_item_is_the_sessions_recommendation(play: Play, exported: Callable[[str], bytes]) -> None:
    report = play("x", protocol="shortlist", listed=3)
    said = lines(exported("x"))
    assert [line["role"] for line in said[:2]] == ["recommendation", "user"]
    assert len(said) == 2 * report.sessions
    hits = sum(line["item"] == line["target"] for line in said if line["role"] == "user")
    assert report.hit_rate_at_1.value == hits / report.sessions
    assert (report.failed, len(report.by_round)) == (0, 1)


async def test_a_run_keeps_its_lists(play: Play, small: Any) -> None:
    await asyncio.to_thread(play, "x", protocol="ranking", listed=4)
    async with await Store.open(Settings().db_url) as store:
        run = await store.run("x")
        transcripts = [transcript async for transcript in run.transcripts_by_id()]
    turns = [transcript.record.turns[0] for transcript in transcripts]
    assert {len(kept.ranking) for kept in turns} == {4}
    assert [kept.item for kept in turns] == [kept.ranking[0] for kept in turns]


def test_a_run_of_rankers_is_continued_and_replayed(
    play: Play, afl: Afl, server: FakeServer, exported: Callable[[str], bytes]
) -> None:
    report = play("x", protocol="shortlist")
    asked = len(server.requests)
    assert play("x", protocol="shortlist").hit_rate_at_1 == report.hit_rate_at_1
    assert len(server.requests) == asked
    assert afl("simulate", "--replay", "x", "--run", "y").code == 0
    assert exported("y") == exported("x")


@pytest.mark.parametrize("protocol", ["shortlist", "ranking", "choice"])
def test_the_audit_finds_nothing_in_rankers(play: Play, afl: Afl, protocol: str) -> None:
    play("x", protocol=protocol)
    assert set(verdicts(afl, "x").values()) <= {"ok", "not checked"}
    assert verdicts(afl, "x")["prompts"] == "ok"


def test_the_audit_sees_the_lists_a_user_agent_alone_was_shown(play: Play, afl: Afl) -> None:
    play("x", protocol="choice")
    assert (verdicts(afl, "x")["positions"], verdicts(afl, "x")["prompts"]) == ("ok", "ok")


@pytest.mark.parametrize("position", ["first", "last"])
def test_a_target_put_in_one_place_on_purpose_is_where_it_should_be_and_no_leak(
    play: Play, afl: Afl, exported: Callable[[str], bytes], position: str
) -> None:
    play("x", target_position=position, rounds=1)
    place = {"first": 0, "last": -1}[position]
    said = [line for line in lines(exported("x")) if line["role"] == "recommendation"]
    shown = [listed_titles(line["messages"][1]["content"], HEADINGS.candidates)[place] for line in said]
    assert shown == [line["target"] for line in said]
    assert verdicts(afl, "x")["positions"] == "not checked"


def test_a_run_of_a_version_without_positions_and_protocols_continues(small: Any, dataset: Dataset) -> None:
    options = RunOptions(dataset="small", llm="offline")
    assert not {"target_position", "protocol", "listed"} & Task.of(dataset, options).configuration().keys()
    assert options == RunOptions(dataset="small", llm="offline", target_position="random")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"target_position": "middle"}, "--target-position: got 'middle', expected one of: random, first, last"),
        (
            {"protocol": "quarrel"},
            "got 'quarrel', expected one of: dialogue, zero-shot, choice, shortlist, ranking",
        ),
        ({"protocol": "shortlist", "rounds": 2}, "is one round"),
        ({"protocol": "ranking", "rounds": 1, "listed": 21}, "got 21, expected 1 to 20"),
    ],
)
def test_invalid_protocol_options_are_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        RunOptions(dataset="small", llm="offline", **options)


def test_an_inspected_shortlist_shows_list_and_choice(play: Play, afl: Afl) -> None:
    play("x", protocol="shortlist", listed=3)
    shown = afl("inspect", "x", "--json").json["dialogue"]["turns"]
    assert [len(said["ranking"]) for said in shown] == [3, 0]
    assert shown[1]["item"] in shown[0]["ranking"]
    assert "listed" in afl("inspect", "x").out
