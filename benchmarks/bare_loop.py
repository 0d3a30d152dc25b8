"""The loop as one would write it in an afternoon: two LangGraph nodes over default ChatOpenAI, nothing kept."""

import asyncio
import re
from collections.abc import Sequence
from operator import add
from typing import Annotated, TypedDict

from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph

from afl.types import SessionView


class State(TypedDict, total=False):
    view: SessionView
    round: int
    item: str
    reason: str
    refused: Annotated[list[str], add]
    accepted: bool


class BareLoop:
    """Recommend and respond in turns, everything in memory, at most `rounds` rounds."""

    def __init__(self, base_url: str, *, rounds: int) -> None:
        self.chat = ChatOpenAI(model="bench", base_url=base_url, api_key="none", temperature=0)
        self.rounds = rounds
        graph = StateGraph(State)
        graph.add_node("recommend", self.recommend)
        graph.add_node("respond", self.respond)
        graph.add_edge(START, "recommend")
        graph.add_edge("recommend", "respond")
        graph.add_conditional_edges("respond", self.after, ["recommend", END])
        self.graph = graph.compile()

    async def run(self, views: Sequence[SessionView]) -> int:
        """Runs all dialogues at once; the number of calls made."""
        states = await asyncio.gather(*(self.graph.ainvoke({"view": view}) for view in views))
        return sum(2 * state["round"] for state in states)

    async def recommend(self, state: State) -> State:
        view = state["view"]
        text = await self.ask(
            "You recommend one artist of the list to the listener.",
            listing(view),
            *refusals(state),
            "Answer in two lines:\nReason: why\nItem: one title, exactly as listed",
        )
        reason, item = answer(text, "Item")
        return {"item": item, "reason": reason, "round": state.get("round", 0) + 1}

    async def respond(self, state: State) -> State:
        text = await self.ask(
            "You are the listener and judge by your own taste what is recommended to you.",
            listing(state["view"]),
            *refusals(state),
            f"Recommendation: {state['item']}\nRecommended because: {state['reason']}",
            "Answer in two lines:\nReason: why\nDecision: yes or no",
        )
        reason, decision = answer(text, "Decision")
        refused = [] if decision == "yes" else [f"- Round {state['round']}: {state['item']}\n  {reason}"]
        return {"accepted": decision == "yes", "refused": refused}

    async def after(self, state: State) -> str:
        """Asynchronous, since LangGraph sends a synchronous condition through a thread pool: slower still."""
        return END if state["accepted"] or state["round"] >= self.rounds else "recommend"

    async def ask(self, system: str, *parts: str) -> str:
        reply = await self.chat.ainvoke([("system", system), ("user", "\n\n".join(parts))])
        return str(reply.content)


def listing(view: SessionView) -> str:
    history = "\n".join(f"{n}. {title}" for n, title in enumerate(view.history_titles, 1))
    candidates = "\n".join(f"{n}. {title}" for n, title in enumerate(view.candidate_titles, 1))
    return f"History, oldest first:\n{history}\n\nCandidates:\n{candidates}"


def refusals(state: State) -> list[str]:
    refused = state.get("refused", [])
    return ["Refused so far:\n" + "\n".join(refused)] if refused else []


def answer(text: str, label: str) -> tuple[str, str]:
    match = re.search(rf"Reason:\s*(.*)\n{label}:\s*(.*)", text)
    return (match[1], match[2]) if match else ("", "")
