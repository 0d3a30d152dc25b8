"""The feedback loop as a LangGraph state machine (AFL, arXiv 2410.20027, Algorithm 1).

    START -> recommend -> respond -+-> END          accepted, last round, or a turn without an answer
                 ^                 |
                 +-----------------+                refused: both memories grow

Without a user agent: START -> recommend -> END. Where items are judged (the user-simulation task), a dialogue whose
turns all have an answer goes on to `judge` before the END; without a dialogue: START -> judge -> END.

Only this file knows the topology.
"""

import asyncio
from collections.abc import Sequence
from operator import add
from typing import Annotated, Any, Literal, Required, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from afl.ports import Judge, RecommendationAgent, RecommenderTool, UserAgent
from afl.types import Advice, Outcome, Refusal, SessionView, Turn
from simulations.graphs.model_scores import JudgedTable, NoReward, Reward


class DialogueState(TypedDict, total=False):
    """The caller states `view`, the graph fills the rest. Memories and turns only grow."""

    view: Required[SessionView]
    """The session as agents may see it: history, candidates, no target. Written by the caller, never changed."""

    round: int
    """The round of the last recommendation, from 1. Written by `recommend`."""

    turns: Annotated[list[Turn], add]
    """All turns so far, in order; each node adds its own."""

    recommendation_memory: Annotated[list[Refusal], add]
    """What the recommendation agent remembers: the refused rounds. Written by `respond`, on a refusal only."""

    judgements: Annotated[list[Turn], add]
    """The user agent's yes or no to each judged item, in their order. Written by `judge`."""

    user_memory: Annotated[list[Refusal], add]
    """What the user agent remembers: the refused rounds. Written by `respond`, on a refusal only."""


_Graph = StateGraph[DialogueState, None, DialogueState, DialogueState]
DialogueGraph = CompiledStateGraph[DialogueState, None, DialogueState, DialogueState]
AfterRecommendation = Literal["respond", "__end__"]
AfterResponse = Literal["recommend", "__end__"]


def build_graph(
    recommendation_agent: RecommendationAgent,
    user_agent: UserAgent | None,
    *,
    tools: Sequence[RecommenderTool] = (),
    reward: Reward | None = None,
    rounds: int = 4,
    judge: Judge | None = None,
    judged: JudgedTable | None = None,
) -> DialogueGraph:
    """The compiled loop: `await graph.ainvoke({"view": view})` returns the final `DialogueState`.

    `tools` advise the recommendation agent before every round, in this order; `reward` gives the number that the
    user agent sees for the recommended item; `rounds` is the paper's maximum number of iterations. Without a user
    agent the dialogue is one recommendation. With `judge`, the session continues with the items of `judged`; the
    judge remembers the dialogue.
    """
    recommends = _RecommendNode(recommendation_agent, tools)
    graph = _Graph(DialogueState)
    graph.add_edge(START, "recommend")
    if user_agent is None:
        graph.add_node("recommend", recommends.once)
        graph.add_edge("recommend", END)
    else:
        done = END if judge is None else "judge"
        responds = _RespondNode(user_agent, reward or NoReward(), rounds, done)
        graph.add_node("recommend", recommends.to_the_user)
        graph.add_node("respond", responds.respond, destinations=("recommend", done, END))
        if judge is not None:
            _add_judging(graph, judge, judged)
    return graph.compile(name="feedback loop")


def build_judging(judge: Judge, judged: JudgedTable) -> DialogueGraph:
    """Judging alone, by a user agent without a memory: START -> judge -> END."""
    graph = _Graph(DialogueState)
    graph.add_edge(START, "judge")
    _add_judging(graph, judge, judged)
    return graph.compile(name="judging")


def _add_judging(graph: _Graph, judge: Judge, judged: JudgedTable | None) -> None:
    assert judged is not None, "a judge has items to judge"
    graph.add_node("judge", _JudgeNode(judge, judged).judge)
    graph.add_edge("judge", END)


def after_recommendation(turn: Turn) -> AfterRecommendation:
    """The user agent responds to a recommendation; a turn without one ends the dialogue."""
    return "respond" if turn.outcome is Outcome.OK else "__end__"


def after_response(turn: Turn, *, rounds: int) -> AfterResponse:
    """Refused with rounds left: the next round. Accepted, out of rounds or without an answer: the end."""
    refused = turn.outcome is Outcome.OK and turn.decision is False
    return "recommend" if refused and turn.round < rounds else "__end__"


class _RecommendNode:
    """The node `recommend`; it returns only what it changed."""

    def __init__(self, recommendation_agent: RecommendationAgent, tools: Sequence[RecommenderTool]) -> None:
        self.recommendation_agent = recommendation_agent
        self.tools = tools

    async def once(self, state: DialogueState) -> dict[str, Any]:
        turn = await self._turn(state)
        return {"round": turn.round, "turns": [turn]}

    async def to_the_user(self, state: DialogueState) -> Command[AfterRecommendation]:
        turn = await self._turn(state)
        return Command(update={"round": turn.round, "turns": [turn]}, goto=after_recommendation(turn))

    async def _turn(self, state: DialogueState) -> Turn:
        memory = state.get("recommendation_memory", [])
        return await self.recommendation_agent.recommend(
            state["view"],
            round=state.get("round", 0) + 1,
            advice=await self._advice(state["view"], memory),
            memory=memory,
        )

    async def _advice(self, view: SessionView, memory: Sequence[Refusal]) -> list[Advice]:
        advice = [await tool.advise(view, memory) for tool in self.tools]
        return [piece for piece in advice if piece is not None]


class _RespondNode:
    """The node `respond`; it returns only what it changed, and where to go."""

    def __init__(self, user_agent: UserAgent, reward: Reward, rounds: int, done: str) -> None:
        self.user_agent = user_agent
        self.reward = reward
        self.rounds = rounds
        self.next_node = done
        """The node after an answered dialogue."""

    async def respond(self, state: DialogueState) -> Command[str]:
        view, recommendation = state["view"], state["turns"][-1]
        assert recommendation.item is not None, "routed here only with a recommendation"
        turn = await self.user_agent.respond(
            view,
            round=state["round"],
            item=recommendation.item,
            reason=recommendation.reason,
            score=self.reward.score(view, recommendation.item),
            memory=state.get("user_memory", []),
        )
        update: dict[str, Any] = {"turns": [turn]}
        if turn.outcome is Outcome.OK and turn.decision is False:
            refusal = Refusal(turn.round, view.title(recommendation.item), recommendation.reason, turn.reason)
            update |= {"recommendation_memory": [refusal], "user_memory": [refusal]}
        following = after_response(turn, rounds=self.rounds)
        # A dialogue without an answer ends here: a later execution may complete it.
        answered = following == END and turn.outcome is Outcome.OK
        return Command(update=update, goto=self.next_node if answered else following)


class _JudgeNode:
    """The node `judge`; it returns only what it changed."""

    def __init__(self, judge: Judge, judged: JudgedTable) -> None:
        self.agent = judge
        self.judged = judged

    async def judge(self, state: DialogueState) -> dict[str, Any]:
        view, items = self.judged.of(state["view"].session)
        memory = state.get("user_memory", [])
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self.agent.judge(view, number=number, title=item.title, score=item.score, memory=memory)
                )
                for number, item in enumerate(items, start=1)
            ]
        return {"judgements": [answer.result() for answer in tasks]}
