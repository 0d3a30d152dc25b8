"""The offline model asked for a list, or for anything else: ranks what is listed, or tells of the history."""

import re

import numpy as np

from afl.llm.offline.long_lists import Skimming
from afl.llm.offline.preference_model import Opinion
from afl.llm.offline.recommendation_agent import Recommending
from afl.llm.offline.request_parser import Request

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
