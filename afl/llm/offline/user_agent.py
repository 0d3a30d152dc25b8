"""The offline model as user agent: accepts what it would pick itself, refuses what falls short of another.

An item that nobody offers (no reason beside it) is judged for itself: liked when it surpasses most of what comes to
mind, which many items may.
"""

from dataclasses import replace

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.preference_model import Preference, PreferenceModel
from afl.llm.offline.recommendation_agent import stated_scores
from afl.llm.offline.request_parser import Offer, Request, suggestion_in_reason
from afl.llm.offline.wording import Wording
from afl.prompt_headings import RECOMMENDED_BECAUSE

IMAGINED_ITEMS = 19
"""Other items that come to its mind when an item is offered without a list."""
IMAGINED_ITEMS_ALONE = 99
"""The same for an item that nobody offers: more, since its place among them decides, not being the first."""


class OfflineJudge:
    """Compares the offer with the other candidates under its own attention, the reward score and its memory."""

    def __init__(self, listener: PreferenceModel, wording: Wording) -> None:
        self.preference_model = listener
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Decision: yes|no`."""
        if request.offer is None:
            return "Reason: Nothing was offered to me.\nDecision: no"
        opinion = self.preference(request, request.offer)
        offered = opinion.list_features.titles.index(request.offer.title)
        if self._accepts(opinion, offered, request.offer):
            return f"Reason: {self.wording.acceptance(opinion, offered, request)}\nDecision: yes"
        return f"Reason: {self.wording.refusal(opinion, offered, request)}\nDecision: no"

    def _accepts(self, opinion: Preference, offered: int, offer: Offer) -> bool:
        better = int((opinion.utilities > opinion.utilities[offered]).sum())
        if offer.reason:
            return better == 0
        others = len(opinion.utilities) - 1
        return better <= (1 - self.preference_model.weights.liked) * others + 1e-9

    def preference(self, request: Request, offer: Offer) -> Preference:
        """What it thinks of the offer and everything it is compared with."""
        titles = request.candidates or self._imagined_titles(
            request, IMAGINED_ITEMS if offer.reason else IMAGINED_ITEMS_ALONE
        )
        if offer.title not in titles:
            titles = (*titles, offer.title)
        scene = self.preference_model.list_features(request.history, titles)
        opened = stated_scores(request.refused)
        if offer.score is not None:
            opened[offer.title] = offer.score
        # The user is told of a model's suggestion only through the agent's words.
        heard = replace(request, suggestion=suggestion_in_reason(offer, titles))
        return self.preference_model.preference(heard, scene, opened)

    def _imagined_titles(self, request: Request, number: int) -> tuple[str, ...]:
        shown = self.preference_model.knowledge.catalogue.titles
        draws = np.random.Generator(np.random.PCG64(derived_seed("offline", "imagined", *request.history)))
        picked = draws.choice(len(shown), size=min(number, len(shown)), replace=False)
        return tuple(shown[item] for item in picked.tolist() if shown[item] not in request.history)


class OfflineChooser:
    """Weighs the items under its own attention the scores beside them and the other agent's reason."""

    def __init__(self, listener: PreferenceModel, wording: Wording) -> None:
        self.preference_model = listener
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see nothing to choose from.\nItem: none"
        scene = self.preference_model.list_features(request.history, request.candidates)
        opinion = self.preference_model.preference(_with_suggestion(request), scene, request.scores)
        title = scene.titles[opinion.best]
        taken = replace(request, offer=Offer(title, "", request.scores.get(title)))
        return f"Reason: {self.wording.acceptance(opinion, opinion.best, taken)}\nItem: {title}"


def _with_suggestion(request: Request) -> Request:
    """The request with the suggestion that the other agent's reason tells of; "it" is the first of its list."""
    lines = request.question.split("\n")
    reason = next((line for line in lines if line.startswith(RECOMMENDED_BECAUSE)), "")
    said = Offer(request.candidates[0], reason.removeprefix(RECOMMENDED_BECAUSE), None)
    return replace(request, suggestion=suggestion_in_reason(said, request.candidates))
