"""What identifies a run: the prompts in use, whoever brings them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from afl.errors import ConflictError
from afl.ports import Chat
from afl.testing.server import FakeServer
from agents import Prompts, RecommendationAgent, UserAgent, prompts_hash
from simulations import simulate
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.identity import prompts_in_use


@pytest.fixture
def changed(tmp_path: Path) -> Prompts:
    (tmp_path / "user.system.txt").write_text("You are a $person. Judge every $item.", encoding="utf-8")
    return Prompts.load(str(tmp_path))


@pytest.fixture
def play(small: Path, server: FakeServer) -> Callable[..., Any]:
    def run(agents: AgentFactory | None = None, name: str | None = None) -> Any:
        return simulate(
            dataset="small",
            split="all",
            llm="openai:m",
            recommender="none",
            reward="none",
            sessions=2,
            rounds=1,
            base_url=server.url,
            agents=agents,
            run=name,
        )

    return run


def users(prompts: Prompts | None) -> Callable[[Chat], UserAgent]:
    def user_agent(chat: Chat) -> UserAgent:
        return UserAgent(chat, prompts=prompts)

    return user_agent


def recommenders(prompts: Prompts | None) -> Callable[[Chat], RecommendationAgent]:
    def recommendation_agent(chat: Chat) -> RecommendationAgent:
        return RecommendationAgent(chat, prompts=prompts)

    return recommendation_agent


def test_other_prompts_under_the_same_name_are_refused(play: Callable[..., Any], changed: Prompts) -> None:
    play(AgentFactory(user_agent=users(None)), "x")
    with pytest.raises(ConflictError, match=r"run 'x' has prompts=.*, got prompts="):
        play(AgentFactory(user_agent=users(changed)), "x")


def test_a_run_with_other_prompts_and_no_name_is_another_run(
    play: Callable[..., Any], changed: Prompts, server: FakeServer
) -> None:
    first = play(AgentFactory(user_agent=users(None)))
    sent = len(server.requests)
    second = play(AgentFactory(user_agent=users(changed)))
    assert first.run != second.run
    assert len(server.requests) == 2 * sent
    assert play(AgentFactory(user_agent=users(changed))).run == second.run
    assert len(server.requests) == 2 * sent


def test_built_in_prompts_are_the_same_whoever_brings_them() -> None:
    class Own:
        def __init__(self, chat: Chat) -> None: ...

    agencies = (AgentFactory(), AgentFactory(users(None), users(Prompts.load())), AgentFactory(Own, Own))  # type: ignore[arg-type]
    assert {prompts_in_use(agents) for agents in agencies} == {prompts_hash()}
    assert prompts_in_use(AgentFactory(users(None)), "ranking") == prompts_hash("ranking")


def test_both_agents_with_the_same_prompts_have_the_hash_of_these(changed: Prompts) -> None:
    assert prompts_in_use(AgentFactory(recommenders(changed), users(changed))) == changed.hash()


def test_which_agent_uses_the_other_prompts_makes_a_difference(changed: Prompts) -> None:
    first = prompts_in_use(AgentFactory(recommenders(changed), users(None)))
    second = prompts_in_use(AgentFactory(recommenders(None), users(changed)))
    assert len({first, second, prompts_hash(), changed.hash()}) == 4


def test_prompts_of_the_parts_that_an_agent_is_built_from_count(changed: Prompts) -> None:
    class Wrapped:
        def __init__(self, chat: Chat) -> None:
            self.inner = UserAgent(chat, prompts=changed)

    class Texts:
        def __init__(self, chat: Chat) -> None:
            self.prompts = changed

    assert (
        prompts_in_use(AgentFactory(None, Wrapped)) == prompts_in_use(AgentFactory(None, Texts)) == changed.hash()
    )  # type: ignore[arg-type]


def test_an_agent_may_say_by_itself_which_prompts_it_uses() -> None:
    class Own:
        def __init__(self, chat: Chat) -> None: ...

        def prompts_hash(self, *groups: str) -> str:
            return "f00d"

    assert prompts_in_use(AgentFactory(None, Own)) == "f00d"  # type: ignore[arg-type]
