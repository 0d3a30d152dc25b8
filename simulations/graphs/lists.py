"""The agents as rankers, in place of the loop (AFL, arXiv 2410.20027, Table 6): one round, no memory.

    ranking:    START -> rank -> END                      the recommendation agent lists candidates
    shortlist:  START -> rank -+-> choose -> END          the user agent takes one of them
                               +-> END                    a list without an answer
    choice:     START -> choose -> END                    the user agent takes one of all candidates
    hints:      START -> rank -> END                      the list without a hint and with each hint, all at once

Only this file knows these topologies.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command

from afl.hints.knowledge_base import Hint
from afl.ports import Chooser, Ranker, RecommenderTool
from afl.types import Outcome, Phase, SessionView, Turn
from agents.tools import advice_of
from simulations.graphs.dialogue import DialogueGraph, DialogueState
from simulations.graphs.model_scores import NoReward, Reward

_Graph = StateGraph[DialogueState, None, DialogueState, DialogueState]
AfterRanking = Literal["choose", "__end__"]


def build_ranking(ranker: Ranker, *, top: int, tools: Sequence[RecommenderTool] = ()) -> DialogueGraph:
    """The recommendation agent's list of `top` candidates: `turns[-1].ranking` of the final state."""
    graph = _Graph(DialogueState)
    graph.add_edge(START, "rank")
    graph.add_node("rank", _RankNode(ranker, tools, top).once)
    graph.add_edge("rank", END)
    return graph.compile(name="ranking")


def build_shortlist(
    ranker: Ranker,
    chooser: Chooser,
    *,
    top: int,
    tools: Sequence[RecommenderTool] = (),
    reward: Reward | None = None,
) -> DialogueGraph:
    """The recommendation agent lists `top` candidates, the user agent takes one; it sees the scores of `reward`."""
    graph = _Graph(DialogueState)
    graph.add_edge(START, "rank")
    graph.add_node("rank", _RankNode(ranker, tools, top).to_the_user)
    graph.add_node("choose", _ChooseNode(chooser, reward or NoReward()).choose)
    graph.add_edge("choose", END)
    return graph.compile(name="shortlist")


def build_choice(chooser: Chooser, *, reward: Reward | None = None) -> DialogueGraph:
    """The user agent takes one of all candidates, without anybody's recommendation."""
    graph = _Graph(DialogueState)
    graph.add_edge(START, "choose")
    graph.add_node("choose", _ChooseNode(chooser, reward or NoReward()).choose)
    graph.add_edge("choose", END)
    return graph.compile(name="choice")


def build_hints(ranker: Ranker, hints: Sequence[Hint], *, top: int) -> DialogueGraph:
    """The list of `top` candidates without a hint and with each hint: `turns` in the order of the hints' numbers."""
    graph = _Graph(DialogueState)
    graph.add_edge(START, "rank")
    graph.add_node("rank", _RankUnderHintsNode(ranker, hints, top).rank)
    graph.add_edge("rank", END)
    return graph.compile(name="hints")


def after_ranking(turn: Turn) -> AfterRanking:
    """The user agent chooses from a list; a turn without one ends the session."""
    return "choose" if turn.outcome is Outcome.OK else "__end__"


class _RankNode:
    """The node `rank`; it returns only what it changed."""

    def __init__(self, ranker: Ranker, tools: Sequence[RecommenderTool], top: int) -> None:
        self.ranker = ranker
        self.tools = tools
        self.top = top

    async def once(self, state: DialogueState) -> dict[str, Any]:
        return {"round": 1, "turns": [await self._turn(state["view"])]}

    async def to_the_user(self, state: DialogueState) -> Command[AfterRanking]:
        turn = await self._turn(state["view"])
        return Command(update={"round": 1, "turns": [turn]}, goto=after_ranking(turn))

    async def _turn(self, view: SessionView) -> Turn:
        advice = [await tool.advise(view, []) for tool in self.tools]
        return await self.ranker.rank(view, top=self.top, advice=[piece for piece in advice if piece is not None])


class _RankUnderHintsNode:
    """The node `rank` where every hint is tried; it returns only what it changed."""

    def __init__(self, ranker: Ranker, hints: Sequence[Hint], top: int) -> None:
        self.ranker = ranker
        self.advice = [(0, ()), *((hint.number, (advice_of(hint),)) for hint in hints)]
        """What is said under each number; 0 is no hint."""
        self.top = top

    async def rank(self, state: DialogueState) -> dict[str, Any]:
        view = state["view"]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    self.ranker.rank(view, top=self.top, advice=advice, round=number, phase=Phase.HINTS)
                )
                for number, advice in self.advice
            ]
        return {"round": 1, "turns": [turn.result() for turn in tasks]}


class _ChooseNode:
    """The node `choose`; it returns only what it changed."""

    def __init__(self, chooser: Chooser, reward: Reward) -> None:
        self.chooser = chooser
        self.reward = reward

    async def choose(self, state: DialogueState) -> dict[str, Any]:
        view, turns = state["view"], state.get("turns", [])
        items = turns[-1].ranking if turns else view.candidates
        scores = [self.reward.score(view, item) for item in items]
        known_scores = [score for score in scores if score is not None]
        turn = await self.chooser.choose(
            view,
            items=items,
            scores=known_scores if len(known_scores) == len(items) else None,
            reason=turns[-1].reason if turns else "",
        )
        return {"round": 1, "turns": [turn]}
