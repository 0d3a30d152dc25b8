"""What identifies a run: the prompts in use, whoever brings them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from afl.errors import ConflictError
from afl.ports import Chat
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, SessionView, Turn
from agents import Prompts, RecommendationAgent, UserAgent, prompts_hash
from agents.repair import Question
from simulations import simulate
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.agent_prompts import prompts_in_use


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


class OwnWords:
    """A user agent with a prompt in its code, which it does not declare."""

    system = "You are kind."

    def __init__(self, chat: Chat) -> None:
        self.chat = chat

    async def respond(self, view: SessionView, **_: Any) -> Turn:
        messages: tuple[Message, ...] = ({"role": "system", "content": self.system},)
        reply = await self.chat.ask(CallKey(view.session, "loop", 1, "user", 0), messages)
        raise AssertionError(f"{reply} where none was expected")


class OtherWords(OwnWords):
    system = "You are strict."


def test_what_an_agent_sends_counts_where_it_does_not_declare_its_prompts() -> None:
    kind, strict = (prompts_in_use(AgentFactory(None, agent)) for agent in (OwnWords, OtherWords))
    assert len({kind, strict, prompts_hash()}) == 3
    assert prompts_in_use(AgentFactory(None, OwnWords)) == kind


async def test_prompts_are_found_out_while_an_event_loop_runs() -> None:
    assert prompts_in_use(AgentFactory(None, OwnWords)) != prompts_hash()


def test_a_subclass_that_asks_otherwise_has_other_prompts_than_the_agent_it_derives_from(changed: Prompts) -> None:
    class Logged(UserAgent):
        async def respond(self, view: SessionView, **arguments: Any) -> Turn:
            return await super().respond(view, **arguments)

    class Polite(UserAgent):
        def question(self, view: SessionView, **arguments: Any) -> Question:
            question = super().question(view, **arguments)
            return replace(question, request=f"Please. {question.request}")

    assert prompts_in_use(AgentFactory(None, Logged)) == prompts_hash()
    polite = prompts_in_use(AgentFactory(None, Polite))
    assert polite not in (
        prompts_hash(),
        prompts_in_use(AgentFactory(None, lambda chat: Polite(chat, prompts=changed))),
    )


def test_requests_that_differ_from_one_agent_to_the_next_identify_nothing() -> None:
    count = iter(range(100))

    class Numbered(OwnWords):
        def __init__(self, chat: Chat) -> None:
            super().__init__(chat)
            self.system = f"You are number {next(count)}."

    assert prompts_in_use(AgentFactory(None, Numbered)) == prompts_hash()
