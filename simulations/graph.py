"""The feedback loop as a LangGraph state machine (AFL, arXiv 2410.20027, Algorithm 1).

    START -> recommend -> respond -+-> END          accepted, last round, or a turn without an answer
                 ^                 |
                 +-----------------+                refused: both memories grow

Without a user agent: START -> recommend -> END.

Only this file knows the topology.
"""

from collections.abc import Sequence
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from afl.ports import RecommendationAgent, RecommenderTool, UserAgent
from afl.types import Advice, Outcome, Refusal, SessionView, Turn
from simulations.rewards import NoReward, Reward
from simulations.state import DialogueState

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
) -> DialogueGraph:
    """The compiled loop: `await graph.ainvoke({"view": view})` returns the final `DialogueState`.

    `tools` advise the recommendation agent before every round, in this order; `reward` gives the number that the
    user agent sees for the recommended item; `rounds` is the paper's maximum number of iterations. Without a user
    agent the dialogue is one recommendation.
    """
    recommends = _Recommends(recommendation_agent, tools)
    graph = StateGraph[DialogueState, None, DialogueState, DialogueState](DialogueState)
    graph.add_edge(START, "recommend")
    if user_agent is None:
        graph.add_node("recommend", recommends.once)
        graph.add_edge("recommend", END)
    else:
        graph.add_node("recommend", recommends.to_the_user)
        graph.add_node("respond", _Responds(user_agent, reward or NoReward(), rounds).respond)
    return graph.compile(name="feedback loop")


def after_recommendation(turn: Turn) -> AfterRecommendation:
    """The user agent responds to a recommendation; a turn without one ends the dialogue."""
    return "respond" if turn.outcome is Outcome.OK else "__end__"


def after_response(turn: Turn, *, rounds: int) -> AfterResponse:
    """Refused with rounds left: the next round. Accepted, out of rounds or without an answer: the end."""
    refused = turn.outcome is Outcome.OK and turn.decision is False
    return "recommend" if refused and turn.round < rounds else "__end__"


class _Recommends:
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


class _Responds:
    """The node `respond`; it returns only what it changed, and where to go."""

    def __init__(self, user_agent: UserAgent, reward: Reward, rounds: int) -> None:
        self.user_agent = user_agent
        self.reward = reward
        self.rounds = rounds

    async def respond(self, state: DialogueState) -> Command[AfterResponse]:
        view, recommendation = state["view"], state["turns"][-1]
        assert recommendation.item is not None, "routing lets only answered recommendations through"
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
        return Command(update=update, goto=after_response(turn, rounds=self.rounds))
