"""The offline model as user agent: accepts the item it would pick itself, refuses one that another surpasses.

An item that is judged without an offer (no reason given) is liked when its utility exceeds that of most items of a
random sample, which many items may.
"""

from dataclasses import replace

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.preference_model import Preference, PreferenceModel
from afl.llm.offline.recommendation_agent import stated_scores
from afl.llm.offline.request_parser import Offer, Request, suggestion_in_reason
from afl.llm.offline.wording import Wording

IMAGINED_ITEMS = 19
"""Random items that an offer without a list is compared with."""
IMAGINED_ITEMS_ALONE = 99
"""The same for an item without an offer: more, since its rank among them decides, not being the first."""


class OfflineJudge:
    """Compares the offer with the other candidates by attention, reward score and memory."""

    def __init__(self, preference_model: PreferenceModel, wording: Wording) -> None:
        self.preference_model = preference_model
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Decision: yes|no`."""
        if request.offer is None:
            return "Reason: Nothing was offered to me.\nDecision: no"
        preference = self.preference(request, request.offer)
        offered = preference.list_features.titles.index(request.offer.title)
        if self._accepts(preference, offered, request.offer):
            return f"Reason: {self.wording.acceptance(preference, offered, request)}\nDecision: yes"
        return f"Reason: {self.wording.refusal(preference, offered, request)}\nDecision: no"

    def _accepts(self, preference: Preference, offered: int, offer: Offer) -> bool:
        better = int((preference.utilities > preference.utilities[offered]).sum())
        if offer.reason:
            return better == 0
        others = len(preference.utilities) - 1
        return better <= (1 - self.preference_model.weights.liked) * others + 1e-9

    def preference(self, request: Request, offer: Offer) -> Preference:
        """Preferences over the offer and everything it is compared with."""
        titles = request.candidates or self._imagined_titles(
            request, IMAGINED_ITEMS if offer.reason else IMAGINED_ITEMS_ALONE
        )
        if offer.title not in titles:
            titles = (*titles, offer.title)
        list_features = self.preference_model.list_features(request.history, titles)
        known_scores = stated_scores(request.refused)
        if offer.score is not None:
            known_scores[offer.title] = offer.score
        # The user learns of a model's suggestion only from the agent's words.
        with_suggestion = replace(request, suggestion=suggestion_in_reason(offer, titles))
        return self.preference_model.preference(with_suggestion, list_features, known_scores)

    def _imagined_titles(self, request: Request, number: int) -> tuple[str, ...]:
        titles = self.preference_model.knowledge.catalogue.titles
        draws = np.random.Generator(np.random.PCG64(derived_seed("offline", "imagined", *request.history)))
        picked = draws.choice(len(titles), size=min(number, len(titles)), replace=False)
        return tuple(titles[item] for item in picked.tolist() if titles[item] not in request.history)


class OfflineChooser:
    """Takes one of several items by attention, the reward scores listed with them and the other agent's reason."""

    def __init__(self, preference_model: PreferenceModel, wording: Wording) -> None:
        self.preference_model = preference_model
        self.wording = wording

    def answer(self, request: Request) -> str:
        """`Reason: ...` and `Item: ...`; names no item when the request lists none."""
        if not request.candidates:
            return "Reason: I see nothing to choose from.\nItem: none"
        list_features = self.preference_model.list_features(request.history, request.candidates)
        preference = self.preference_model.preference(_with_suggestion(request), list_features, request.scores)
        title = list_features.titles[preference.best]
        with_choice = replace(request, offer=Offer(title, "", request.scores.get(title)))
        return f"Reason: {self.wording.acceptance(preference, preference.best, with_choice)}\nItem: {title}"


def _with_suggestion(request: Request) -> Request:
    """The request with the suggestion mentioned in the other agent's reason; "it" is the first item of its list."""
    offer = Offer(request.candidates[0], request.list_reason, None)
    return replace(request, suggestion=suggestion_in_reason(offer, request.candidates))
