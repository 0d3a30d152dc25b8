"""The offline model's sentences: the aspects that decided, with their evidence. Equal requests get equal sentences."""

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.knowledge import Knowledge
from afl.llm.offline.preference_model import Preference
from afl.llm.offline.request_parser import Request
from afl.llm.offline.vocabulary import PHRASES
from afl.types import Domain

ASPECTS_NAMED = 2
"""Maximum number of aspects in a reason."""
WITNESSES = 2
"""Maximum number of history items named as evidence."""


class Wording:
    """Writes sentences in the words of a data set's domain."""

    def __init__(self, knowledge: Knowledge, domain: Domain) -> None:
        self.knowledge = knowledge
        self.domain = domain

    def recommendation(self, preference: Preference, choice: int, request: Request) -> str:
        """Why the recommendation agent offers this candidate."""
        title = preference.list_features.titles[choice]
        parts = [self._strengths(preference, choice, subject=title)]
        if request.suggestion == title:
            parts.append("the model suggests it as well")
        elif request.suggestion is not None:
            parts.append(f"I prefer it to {request.suggestion}, which was suggested")
        if any(past.title == title for past in request.refused):
            parts.append("after what you said of the others, it still looks best")
        elif request.refused:
            parts.append(f"it should answer what you missed in {request.refused[-1].title}")
        return _sentences(parts)

    def acceptance(self, preference: Preference, offered: int, request: Request) -> str:
        """Why the user agent accepts the offer."""
        title = preference.list_features.titles[offered]
        parts = [self._strengths(preference, offered, subject=title), self._score(preference, offered, request)]
        if any(past.title == title for past in request.refused):
            parts.append("the alternatives turned out no better")
        return _sentences(parts)

    def refusal(self, preference: Preference, offered: int, request: Request) -> str:
        """What the offer lacks, compared with the candidate the user prefers."""
        list_features, better = preference.list_features, preference.best
        preferred = list_features.titles[better]
        gap = preference.contributions(better) - preference.contributions(offered)  # (A,)
        lacking = int(np.argmax(gap))
        aspect = self.knowledge.aspects[lacking]
        parts = [f"I would rather {self.domain.verb} {preferred}"]
        if gap[lacking] > 0:
            comparison = self._pick(
                PHRASES.get(aspect, PHRASES["other"]).lacks, list_features.titles[offered], aspect
            )
            parts.append(self._fill(comparison, preference, better, aspect))
        parts.append(self._score(preference, offered, request))
        return _sentences(parts)

    def _strengths(self, preference: Preference, position: int, *, subject: str) -> str:
        share = preference.contributions(position)
        order = [int(index) for index in np.argsort(-share, kind="stable") if share[index] > 0]
        clauses = []
        for index in order[:ASPECTS_NAMED]:
            aspect = self.knowledge.aspects[index]
            phrases = PHRASES.get(aspect, PHRASES["other"])
            low = preference.list_features.features.aspects[position, index] < 0
            variants = phrases.low if low and phrases.low else phrases.has
            clauses.append(self._fill(self._pick(variants, subject, aspect), preference, position, aspect))
        return (
            f"{subject}: {' and '.join(clauses)}"
            if clauses
            else f"nothing else in the list speaks louder than {subject}"
        )

    def _score(self, preference: Preference, offered: int, request: Request) -> str:
        if request.offer is None or request.offer.score is None:
            return ""
        score = request.offer.score
        verdict = "more" if score >= preference.expected_scores[offered] else "less"
        return f"a score of {score:.2f} is {verdict} than I expected"

    def _fill(self, template: str, preference: Preference, position: int, aspect: str) -> str:
        """A phrase of `PHRASES` with its fields filled; witnesses are computed only where they are named."""
        return template.format(
            witnesses=self._witnesses(preference, position) if "{witnesses}" in template else "",
            values=self._values(preference, position, aspect),
            aspect=aspect,
            past=self.domain.past,
            participle=self.domain.participle,
            person=self.domain.person,
            items=self.domain.items,
        )

    def _witnesses(self, preference: Preference, position: int) -> str:
        evidence = preference.list_features.features.evidence[:, position].tolist()
        ranked = sorted(
            zip(evidence, preference.list_features.history, strict=True), key=lambda pair: -round(pair[0], 6)
        )
        return " and ".join(title for share, title in ranked[:WITNESSES] if share > 0) or "what came before"

    def _values(self, preference: Preference, position: int, aspect: str) -> str:
        item = int(preference.list_features.items[position])
        return self.knowledge.values(item, aspect)

    def _pick(self, variants: tuple[str, ...], *identity: str) -> str:
        return variants[derived_seed("offline", "wording", *identity) % len(variants)]


def _sentences(parts: list[str]) -> str:
    sentences = [part[0].upper() + part[1:] for part in parts if part]
    return ". ".join(sentences) + "."
