"""Reflective exploration as a LangGraph state machine (Re2LLM, arXiv 2403.16427): a knowledge base from mistakes.

    START -> rank -> reflect -> screen -> test -> admit -> keep -+-> END      base full, all explored, or calls failed
               ^                                                 |
               +-------------------------------------------------+            else: the next batch of sessions

A batch is a fixed number of sessions in the order of the task, so that the result does not depend on concurrency:
within a batch all calls are concurrent, except whether a hint is redundant, which depends on the hints before it. A
batch in which a call failed admits no hint and ends the exploration; a continuation makes the call again.

Deviations from the published code:
1. Sessions come in batches, and in seeded order; there one by one, drawn at random.
2. Hints are numbered in order of acceptance. There the base is sampled in the end, so that no hint need not be first.
3. The filters of `afl.hints.filters`, and their deviations.

Only this file has the topology of the graph.
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
        stop_reason = after_batch(
            failed=nodes.stopped(state["batch"]),
            hints=sum(record.number is not None for record in state.get("records", [])),
            size=nodes.options.size,
            explored=state["explored"],
            sessions=len(nodes.task),
        )
        next_node: AfterBatch = "rank" if stop_reason is None else "__end__"
        return Command(update={**update, "stop_reason": stop_reason}, goto=next_node)

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


def after_batch(*, failed: bool, hints: int, size: int, explored: int, sessions: int) -> StopReason | None:
    """Why the exploration ends with this batch; None where it continues."""
    if failed:
        return StopReason.STOPPED
    if hints >= size:
        return StopReason.FULL
    return StopReason.SEEN if explored >= sessions else None
