"""The offline model as recommendation agent: proposes the candidate it values most, and says what decided."""

import re
from dataclasses import replace

import numpy as np

from afl.llm.offline.long_lists import LongListModel
from afl.llm.offline.preference_model import DECIMALS, Preference, PreferenceModel
from afl.llm.offline.request_parser import PastOffer, Request
from afl.llm.offline.values import AttributeValues
from afl.llm.offline.wording import Wording


class OfflineRecommender:
    """Weighs the list by its aspects, the suggestion, and what was learned from refusals and the scores they state.

    A hint moves its attention to the aspects that it names; the values that it names count besides.
    """

    def __init__(self, listener: PreferenceModel, wording: Wording, values: AttributeValues) -> None:
        self.preference_model = listener
        self.values = values
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItem: none"
        opinion = self.preference(request)
        choice = opinion.best
        reason = self.wording.recommendation(opinion, choice, request)
        return f"Reason: {reason}\nItem: {opinion.list_features.titles[choice]}"

    def preference(self, request: Request) -> Preference:
        """What it thinks of every candidate."""
        scene = self.preference_model.list_features(request.history, request.candidates)
        opinion = self.preference_model.preference(request, scene, stated_scores(request.refused))
        named = self.values.mentions(request.hints)
        if not named:
            return opinion
        strength = self.preference_model.weights.hint
        wanted = sum(strength * direction * self.values.column(values, scene.items) for values, direction in named)
        return replace(opinion, utilities=np.round(opinion.utilities + wanted, DECIMALS))


def stated_scores(refused: tuple[PastOffer, ...]) -> dict[str, float]:
    """The reward scores that refusals mention, by title."""
    return {past.title: past.score for past in refused if past.score is not None}


_COUNT = re.compile(
    r"\b(?:top|best|list|rank|recommend)\D{0,40}?(\d{1,3})\b|\b(\d{1,3}) (?:titles|items|movies|games|artists)"
)
DEFAULT_LENGTH = 10


class OfflineRanker:
    """Ranks candidates as the recommendation agent would choose among them; many of them in passing."""

    def __init__(self, recommending: OfflineRecommender, skimming: LongListModel) -> None:
        self.recommender = recommending
        self.long_lists = skimming

    def answer_with_reason(self, request: Request) -> str:
        """`Reason: ...`, then `Items:` and the list of `answer`."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItems:"
        opinion = self._preference(request)
        reason = self.recommender.wording.recommendation(opinion, opinion.best, request)
        return f"Reason: {reason}\nItems:\n{_numbered_list(opinion, _requested_length(request.question))}"

    def answer(self, request: Request) -> str:
        """`1. Title` lines, as many as the question asks for, ten unless it says."""
        if not request.candidates:
            last = ", ".join(request.history[-3:])
            return f"What stands out is {last}." if last else "There is nothing here that I could judge."
        return _numbered_list(self._preference(request), _requested_length(request.question))

    def _preference(self, request: Request) -> Preference:
        return (
            self.long_lists.preference(request)
            if self.long_lists.applies_to(request)
            else self.recommender.preference(request)
        )


def _numbered_list(opinion: Preference, top: int) -> str:
    order = np.argsort(-opinion.utilities, kind="stable")[:top].tolist()
    return "\n".join(f"{rank}. {opinion.list_features.titles[index]}" for rank, index in enumerate(order, start=1))


def _requested_length(question: str) -> int:
    match = _COUNT.search(question.casefold())
    return int(match[1] or match[2]) or DEFAULT_LENGTH if match else DEFAULT_LENGTH
