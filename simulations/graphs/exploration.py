"""Reflective exploration as a LangGraph state machine (Re2LLM, arXiv 2403.16427): a base of hints from mistakes.

    START -> rank -> reflect -> screen -> test -> admit -> keep -+-> END      base full, sessions seen, or calls failed
               ^                                                 |
               +-------------------------------------------------+            else: the next batch of sessions

A batch is a fixed number of sessions in the study's order, so that what is found does not depend on how many calls
are under way at once: within a batch everything is asked at once, except whether a hint is redundant, which depends on
the hints before it. A batch in which a call failed admits nothing and ends it; a continuation asks again.

Deviations from the published code:
1. Sessions come in batches, and in seeded order; there one by one, drawn at random.
2. Hints are numbered in order of acceptance. There the base is sampled in the end, so that no hint need not be first.
3. The filters of `afl.hints.filters`, and its deviations.

Only this file knows the topology.
"""

from typing import Literal

from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Command

from simulations.graphs.exploration_nodes import Nodes
from simulations.graphs.exploration_state import ExplorationState, StopReason

ExplorationGraph = CompiledStateGraph[ExplorationState, None, ExplorationState, ExplorationState]
AfterBatch = Literal["rank", "__end__"]
STEPS_PER_BATCH = 6


def build_exploration(nodes: Nodes) -> ExplorationGraph:
    """The compiled exploration: `await graph.ainvoke({})` returns the final `ExplorationState`."""

    async def keep(state: ExplorationState) -> Command[AfterBatch]:
        update = await nodes.keep(state)
        ending = after_batch(
            failed=nodes.stopped(state["batch"]),
            hints=sum(trial.number is not None for trial in state.get("trials", [])),
            size=nodes.options.size,
            seen=state["seen"],
            sessions=len(nodes.task),
        )
        onwards: AfterBatch = "rank" if ending is None else "__end__"
        return Command(update={**update, "ending": ending}, goto=onwards)

    graph = StateGraph[ExplorationState, None, ExplorationState, ExplorationState](ExplorationState)
    graph.add_edge(START, "rank")
    graph.add_node("rank", nodes.rank)
    graph.add_edge("rank", "reflect")
    graph.add_node("reflect", nodes.reflect)
    graph.add_edge("reflect", "screen")
    graph.add_node("screen", nodes.screen)
    graph.add_edge("screen", "test")
    graph.add_node("test", nodes.test)
    graph.add_edge("test", "admit")
    graph.add_node("admit", nodes.admit)
    graph.add_edge("admit", "keep")
    graph.add_node("keep", keep)
    return graph.compile(name="reflective exploration")


def after_batch(*, failed: bool, hints: int, size: int, seen: int, sessions: int) -> StopReason | None:
    """Why the exploration ends with this batch; None where it goes on."""
    if failed:
        return StopReason.STOPPED
    if hints >= size:
        return StopReason.FULL
    return StopReason.SEEN if seen >= sessions else None
