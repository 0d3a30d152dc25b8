"""The loop as a state machine: who is asked when, what is remembered, when it ends."""

from collections.abc import Sequence
from typing import Any

import pytest

from afl.data.domains import get_domain
from afl.types import Advice, Attempt, CallKey, Outcome, Refusal, Reply, Role, SessionView, Turn
from simulations import build_graph
from simulations.graphs.dialogue import after_recommendation, after_response

VIEW = SessionView(
    session="7",
    domain=get_domain("music"),
    history=(0, 1, 2),
    history_titles=("Portishead", "Massive Attack", "Tricky"),
    candidates=(10, 11, 12, 13),
    candidate_titles=("Muse", "Morcheeba", "Air", "Low"),
)


def turn(
    role: Role,
    round: int = 1,
    *,
    outcome: Outcome = Outcome.OK,
    item: int | None = None,
    decision: bool | None = None,
    score: float | None = None,
) -> Turn:
    key = CallKey("7", "loop", round, role, 0)
    reason = f"{role} in round {round}"
    attempt = Attempt(
        key=key, outcome=outcome, messages=(), reply=Reply(Outcome.OK), reason=reason, item=item, decision=decision
    )
    return Turn(role, round, (attempt,), score=score)


class Recommends:
    """Proposes these items in order; None is a turn without an answer. Keeps what it was given."""

    def __init__(self, *items: int | None) -> None:
        self.items = items
        self.given: list[dict[str, Any]] = []

    async def recommend(
        self, view: SessionView, *, round: int, advice: Sequence[Advice], memory: Sequence[Refusal]
    ) -> Turn:
        self.given.append({"round": round, "advice": list(advice), "memory": list(memory)})
        item = self.items[len(self.given) - 1]
        outcome = Outcome.UNPARSED if item is None else Outcome.OK
        return turn(Role.RECOMMENDATION, round, outcome=outcome, item=item)


class Responds:
    """Gives these decisions in order; an outcome is a turn without an answer. Keeps what it was given."""

    def __init__(self, *decisions: bool | Outcome) -> None:
        self.decisions = decisions
        self.given: list[dict[str, Any]] = []

    async def respond(self, view: SessionView, *, round: int, memory: Sequence[Refusal], **offer: Any) -> Turn:
        self.given.append({"round": round, "memory": list(memory), **offer})
        said = self.decisions[len(self.given) - 1]
        if isinstance(said, Outcome):
            return turn(Role.USER, round, outcome=said)
        return turn(Role.USER, round, decision=said, score=offer["score"])


class Suggests:
    name = "suggestion"

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        return Advice("suggestion", f"Low, after {len(dialogue)} refusals")


class Silent:
    name = "silent"

    async def advise(self, view: SessionView, dialogue: Sequence[Refusal]) -> Advice | None:
        return None


class Tenths:
    def score(self, view: SessionView, item: int) -> float:
        return item / 10


@pytest.mark.parametrize(
    ("outcome", "goes_to"),
    [(Outcome.OK, "respond"), *((outcome, "__end__") for outcome in Outcome if outcome is not Outcome.OK)],
)
def test_only_an_answered_recommendation_is_responded_to(outcome: Outcome, goes_to: str) -> None:
    assert after_recommendation(turn(Role.RECOMMENDATION, outcome=outcome, item=10)) == goes_to


@pytest.mark.parametrize(
    ("outcome", "decision", "round", "goes_to"),
    [
        (Outcome.OK, False, 1, "recommend"),
        (Outcome.OK, False, 3, "recommend"),
        (Outcome.OK, False, 4, "__end__"),
        (Outcome.OK, True, 1, "__end__"),
        (Outcome.OK, True, 4, "__end__"),
        *((outcome, None, 1, "__end__") for outcome in Outcome if outcome is not Outcome.OK),
        (Outcome.FAILED, False, 1, "__end__"),
    ],
)
def test_only_a_refusal_with_rounds_left_leads_to_another_round(
    outcome: Outcome, decision: bool | None, round: int, goes_to: str
) -> None:
    said = turn(Role.USER, round, outcome=outcome, decision=decision)
    assert after_response(said, rounds=4) == goes_to


async def test_refusals_grow_both_memories_until_the_user_accepts() -> None:
    recommender, user = Recommends(10, 11, 12), Responds(False, False, True)
    state = await build_graph(recommender, user).ainvoke({"view": VIEW})

    first = Refusal(1, "Muse", "recommendation in round 1", "user in round 1")
    second = Refusal(2, "Morcheeba", "recommendation in round 2", "user in round 2")
    assert [given["memory"] for given in recommender.given] == [[], [first], [first, second]]
    assert [given["memory"] for given in user.given] == [[], [first], [first, second]]
    assert state["recommendation_memory"] == state["user_memory"] == [first, second]
    assert [said.role for said in state["turns"]] == [Role.RECOMMENDATION, Role.USER] * 3
    assert [given["item"] for given in user.given] == [10, 11, 12]
    assert [given["reason"] for given in user.given] == [f"recommendation in round {n}" for n in (1, 2, 3)]
    assert state["round"] == 3


async def test_an_acceptance_leaves_the_memories_untouched() -> None:
    state = await build_graph(Recommends(10), Responds(True)).ainvoke({"view": VIEW})
    assert (state.get("recommendation_memory", []), state.get("user_memory", [])) == ([], [])
    assert len(state["turns"]) == 2


async def test_a_refusal_in_the_last_round_is_remembered_and_ends_the_dialogue() -> None:
    recommender = Recommends(10, 11)
    state = await build_graph(recommender, Responds(False, False), rounds=2).ainvoke({"view": VIEW})
    assert [refusal.item for refusal in state["user_memory"]] == ["Muse", "Morcheeba"]
    assert len(recommender.given) == 2
    assert state["turns"][-1].item is None
    assert state["turns"][-2].item == 11


async def test_a_recommendation_without_an_answer_ends_the_dialogue_before_the_user_agent() -> None:
    user = Responds(False)
    state = await build_graph(Recommends(10, None), user).ainvoke({"view": VIEW})
    assert state["turns"][-1].outcome is Outcome.UNPARSED
    assert len(user.given) == 1


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.OK])
async def test_a_response_without_an_answer_ends_the_dialogue_and_is_nobodys_refusal(outcome: Outcome) -> None:
    state = await build_graph(Recommends(10), Responds(outcome)).ainvoke({"view": VIEW})
    assert state["turns"][-1].outcome is outcome
    assert state.get("user_memory", []) == []


async def test_every_round_shows_the_suggestion_and_silent_tools_show_nothing() -> None:
    recommender = Recommends(10, 11, 12)
    tools = [Silent(), Suggests()]
    await build_graph(recommender, Responds(False, False, True), tools=tools).ainvoke({"view": VIEW})
    texts = [[advice.text for advice in given["advice"]] for given in recommender.given]
    assert texts == [["Low, after 0 refusals"], ["Low, after 1 refusals"], ["Low, after 2 refusals"]]


async def test_the_user_agent_alone_sees_the_score_of_the_recommended_item() -> None:
    recommender, user = Recommends(10, 13), Responds(False, True)
    await build_graph(recommender, user, reward=Tenths()).ainvoke({"view": VIEW})
    assert [given["score"] for given in user.given] == [1.0, 1.3]
    assert [set(given) for given in recommender.given] == [{"round", "advice", "memory"}] * 2


async def test_without_a_reward_model_there_is_no_score() -> None:
    user = Responds(True)
    await build_graph(Recommends(10), user).ainvoke({"view": VIEW})
    assert user.given[0]["score"] is None


async def test_nodes_return_only_what_they_changed() -> None:
    graph = build_graph(Recommends(10, 11), Responds(False, True))
    updates = [update async for update in graph.astream({"view": VIEW}, stream_mode="updates")]
    assert [{node: set(change) for node, change in update.items()} for update in updates] == [
        {"recommend": {"round", "turns"}},
        {"respond": {"turns", "recommendation_memory", "user_memory"}},
        {"recommend": {"round", "turns"}},
        {"respond": {"turns"}},
    ]


async def test_one_graph_runs_many_dialogues_without_mixing_them() -> None:
    graph = build_graph(Recommends(10, 11), Responds(True, True))
    first = await graph.ainvoke({"view": VIEW})
    second = await graph.ainvoke({"view": VIEW})
    assert [said.item for said in first["turns"]] == [10, None]
    assert [said.item for said in second["turns"]] == [11, None]


def test_the_graph_shows_its_two_nodes_and_ways_to_langgraphs_tools() -> None:
    drawn = build_graph(Recommends(), Responds()).get_graph()
    ways = {(edge.source, edge.target) for edge in drawn.edges}
    assert ways == {
        ("__start__", "recommend"),
        ("recommend", "respond"),
        ("recommend", "__end__"),
        ("respond", "recommend"),
        ("respond", "__end__"),
    }


@pytest.mark.parametrize("item", [10, None])
async def test_without_a_user_agent_the_dialogue_is_one_recommendation(item: int | None) -> None:
    recommender = Recommends(item)
    state = await build_graph(recommender, None, tools=[Suggests()]).ainvoke({"view": VIEW})
    assert [(said.role, said.item) for said in state["turns"]] == [(Role.RECOMMENDATION, item)]
    assert [advice.text for advice in recommender.given[0]["advice"]] == ["Low, after 0 refusals"]
    assert set(state) - {"judgements"} == {"view", "round", "turns", "recommendation_memory", "user_memory"}


def test_without_a_user_agent_the_graph_is_one_node() -> None:
    drawn = build_graph(Recommends(), None).get_graph()
    assert {(edge.source, edge.target) for edge in drawn.edges} == {
        ("__start__", "recommend"),
        ("recommend", "__end__"),
    }
