"""The offline model as recommendation agent: proposes the candidate it values most, and says what decided."""

from dataclasses import replace

import numpy as np

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
