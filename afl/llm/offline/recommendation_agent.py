"""The offline model as recommendation agent: proposes or ranks candidates by utility and gives its reasons."""

import re
from dataclasses import replace

import numpy as np

from afl.llm.offline.long_lists import LongListModel
from afl.llm.offline.preference_model import DECIMALS, Preference, PreferenceModel
from afl.llm.offline.request_parser import PastOffer, Request
from afl.llm.offline.values import AttributeValues
from afl.llm.offline.wording import Wording


class OfflineRecommender:
    """Proposes the candidate of highest utility, given the suggestion, refusals and the scores they state.

    A hint shifts attention to the aspects that it mentions and adds utility to the attribute values that it mentions.
    """

    def __init__(self, preference_model: PreferenceModel, wording: Wording, values: AttributeValues) -> None:
        self.preference_model = preference_model
        self.values = values
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItem: none"
        preference = self.preference(request)
        choice = preference.best
        reason = self.wording.recommendation(preference, choice, request)
        return f"Reason: {reason}\nItem: {preference.list_features.titles[choice]}"

    def preference(self, request: Request) -> Preference:
        """Preferences over all candidates."""
        list_features = self.preference_model.list_features(request.history, request.candidates)
        preference = self.preference_model.preference(request, list_features, stated_scores(request.refused))
        mentioned_values = self.values.mentions(request.hints)
        if not mentioned_values:
            return preference
        strength = self.preference_model.weights.hint
        bonus = sum(
            strength * mention.direction * self.values.column(mention.values, list_features.items)
            for mention in mentioned_values
        )
        return replace(preference, utilities=np.round(preference.utilities + bonus, DECIMALS))


def stated_scores(refused: tuple[PastOffer, ...]) -> dict[str, float]:
    """The reward scores that refusals mention, by title."""
    return {past.title: past.score for past in refused if past.score is not None}


_COUNT = re.compile(
    r"\b(?:top|best|list|rank|recommend)\D{0,40}?(\d{1,3})\b|\b(\d{1,3}) (?:titles|items|movies|games|artists)"
)
DEFAULT_LENGTH = 10


class OfflineRanker:
    """Ranks candidates by the recommendation agent's utility; long lists by that of `LongListModel`."""

    def __init__(self, recommender: OfflineRecommender, long_lists: LongListModel) -> None:
        self.recommender = recommender
        self.long_lists = long_lists

    def answer_with_reason(self, request: Request) -> str:
        """`Reason: ...`, then `Items:` and the list of `answer`."""
        if not request.candidates:
            return "Reason: I see no candidates to choose from.\nItems:"
        preference = self._preference(request)
        reason = self.recommender.wording.recommendation(preference, preference.best, request)
        return f"Reason: {reason}\nItems:\n{_numbered_list(preference, _requested_length(request.question))}"

    def answer(self, request: Request) -> str:
        """`1. Title` lines, as many as the question asks for, by default ten."""
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


def _numbered_list(preference: Preference, top: int) -> str:
    order = np.argsort(-preference.utilities, kind="stable")[:top].tolist()
    return "\n".join(
        f"{rank}. {preference.list_features.titles[index]}" for rank, index in enumerate(order, start=1)
    )


def _requested_length(question: str) -> int:
    match = _COUNT.search(question.casefold())
    return int(match[1] or match[2]) or DEFAULT_LENGTH if match else DEFAULT_LENGTH
