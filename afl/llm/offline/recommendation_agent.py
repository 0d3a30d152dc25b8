"""The offline model as recommendation agent: proposes the candidate it values most, and says what decided."""

import re
from dataclasses import replace

import numpy as np

from afl.llm.offline.long_lists import Skimming
from afl.llm.offline.preference_model import DECIMALS, Listener, Opinion
from afl.llm.offline.request_parser import PastOffer, Request
from afl.llm.offline.values import Values
from afl.llm.offline.wording import Wording


class Recommending:
    """Weighs the list by its aspects, the suggestion, and what was learned from refusals and the scores they state.

    A hint moves its attention to the aspects that it names; the values that it names count besides.
    """

    def __init__(self, listener: Listener, wording: Wording, values: Values) -> None:
        self.listener = listener
        self.values = values
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItem: none"
        opinion = self.opinion(request)
        choice = opinion.best
        reason = self.wording.recommendation(opinion, choice, request)
        return f"Reason: {reason}\nItem: {opinion.scene.titles[choice]}"

    def opinion(self, request: Request) -> Opinion:
        """What it thinks of every candidate."""
        scene = self.listener.scene(request.history, request.candidates)
        opinion = self.listener.opinion(request, scene, stated_scores(request.refused))
        named = self.values.mentions(request.hints)
        if not named:
            return opinion
        strength = self.listener.weights.hint
        wanted = sum(strength * direction * self.values.column(values, scene.items) for values, direction in named)
        return replace(opinion, values=np.round(opinion.values + wanted, DECIMALS))


def stated_scores(refused: tuple[PastOffer, ...]) -> dict[str, float]:
    """The reward scores that refusals mention, by title."""
    return {past.title: past.score for past in refused if past.score is not None}


_COUNT = re.compile(
    r"\b(?:top|best|list|rank|recommend)\D{0,40}?(\d{1,3})\b|\b(\d{1,3}) (?:titles|items|movies|games|artists)"
)
USUAL = 10


class Ranking:
    """Ranks candidates as the recommendation agent would choose among them; many of them in passing."""

    def __init__(self, recommending: Recommending, skimming: Skimming) -> None:
        self.recommending = recommending
        self.skimming = skimming

    def answer_with_reason(self, request: Request) -> str:
        """`Reason: ...`, then `Items:` and the list of `answer`."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItems:"
        opinion = self._opinion(request)
        reason = self.recommending.wording.recommendation(opinion, opinion.best, request)
        return f"Reason: {reason}\nItems:\n{_listed(opinion, _asked(request.question))}"

    def answer(self, request: Request) -> str:
        """`1. Title` lines, as many as the question asks for, ten unless it says."""
        if not request.candidates:
            last = ", ".join(request.history[-3:])
            return f"What stands out is {last}." if last else "There is nothing here that I could judge."
        return _listed(self._opinion(request), _asked(request.question))

    def _opinion(self, request: Request) -> Opinion:
        return (
            self.skimming.opinion(request) if self.skimming.covers(request) else self.recommending.opinion(request)
        )


def _listed(opinion: Opinion, top: int) -> str:
    order = np.argsort(-opinion.values, kind="stable")[:top].tolist()
    return "\n".join(f"{rank}. {opinion.scene.titles[index]}" for rank, index in enumerate(order, start=1))


def _asked(question: str) -> int:
    match = _COUNT.search(question.casefold())
    return int(match[1] or match[2]) or USUAL if match else USUAL
