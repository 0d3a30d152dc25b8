"""The offline model's sentences: what decided, with the evidence it saw. Equal requests get equal words."""

import numpy as np

from afl.draws import derived_seed
from afl.llm.offline.knowledge import Knowledge
from afl.llm.offline.preference_model import Preference
from afl.llm.offline.request_parser import Request
from afl.llm.offline.vocabulary import PHRASES
from afl.types import Domain

ASPECTS_NAMED = 2
"""A reason names at most so many aspects: attention is bounded."""
WITNESSES = 2
"""History items named as evidence."""


class Wording:
    """Makes sentences in the words of a data set's domain."""

    def __init__(self, knowledge: Knowledge, domain: Domain) -> None:
        self.knowledge = knowledge
        self.domain = domain

    def recommendation(self, opinion: Preference, choice: int, request: Request) -> str:
        """Why the recommendation agent offers this candidate."""
        title = opinion.list_features.titles[choice]
        parts = [self._strengths(opinion, choice, subject=title)]
        if request.suggestion == title:
            parts.append("the model suggests it as well")
        elif request.suggestion is not None:
            parts.append(f"I prefer it to {request.suggestion}, which was suggested")
        if any(past.title == title for past in request.refused):
            parts.append("after what you said of the others, it still looks best")
        elif request.refused:
            parts.append(f"it should answer what you missed in {request.refused[-1].title}")
        return _sentences(parts)

    def acceptance(self, opinion: Preference, offered: int, request: Request) -> str:
        """Why the user agent takes the offer."""
        title = opinion.list_features.titles[offered]
        parts = [self._strengths(opinion, offered, subject=title), self._score(opinion, offered, request)]
        if any(past.title == title for past in request.refused):
            parts.append("the alternatives turned out no better")
        return _sentences(parts)

    def refusal(self, opinion: Preference, offered: int, request: Request) -> str:
        """What the offer lacks, beside the candidate the user would rather have."""
        scene, better = opinion.list_features, opinion.best
        preferred = scene.titles[better]
        gap = opinion.contributions(better) - opinion.contributions(offered)  # (A,)
        lacking = int(np.argmax(gap))
        aspect = self.knowledge.aspects[lacking]
        parts = [f"I would rather {self.domain.verb} {preferred}"]
        if gap[lacking] > 0:
            comparison = self._pick(PHRASES.get(aspect, PHRASES["other"]).lacks, scene.titles[offered], aspect)
            parts.append(self._fill(comparison, opinion, better, aspect))
        parts.append(self._score(opinion, offered, request))
        return _sentences(parts)

    def _strengths(self, opinion: Preference, position: int, *, subject: str) -> str:
        share = opinion.contributions(position)
        order = [int(index) for index in np.argsort(-share, kind="stable") if share[index] > 0]
        clauses = []
        for index in order[:ASPECTS_NAMED]:
            aspect = self.knowledge.aspects[index]
            spoken = PHRASES.get(aspect, PHRASES["other"])
            low = opinion.list_features.features.aspects[position, index] < 0
            variants = spoken.low if low and spoken.low else spoken.has
            clauses.append(self._fill(self._pick(variants, subject, aspect), opinion, position, aspect))
        return (
            f"{subject}: {' and '.join(clauses)}"
            if clauses
            else f"nothing else in the list speaks louder than {subject}"
        )

    def _score(self, opinion: Preference, offered: int, request: Request) -> str:
        if request.offer is None or request.offer.score is None:
            return ""
        score = request.offer.score
        verdict = "more" if score >= opinion.expected_scores[offered] else "less"
        return f"a score of {score:.2f} is {verdict} than I expected"

    def _fill(self, template: str, opinion: Preference, position: int, aspect: str) -> str:
        """The words of `SPOKEN` with what they speak of; witnesses are looked for only where they are named."""
        return template.format(
            witnesses=self._witnesses(opinion, position) if "{witnesses}" in template else "",
            values=self._values(opinion, position, aspect),
            aspect=aspect,
            past=self.domain.past,
            participle=self.domain.participle,
            person=self.domain.person,
            items=self.domain.items,
        )

    def _witnesses(self, opinion: Preference, position: int) -> str:
        evidence = opinion.list_features.features.evidence[:, position].tolist()
        ranked = sorted(
            zip(evidence, opinion.list_features.history, strict=True), key=lambda pair: -round(pair[0], 6)
        )
        return " and ".join(title for share, title in ranked[:WITNESSES] if share > 0) or "what came before"

    def _values(self, opinion: Preference, position: int, aspect: str) -> str:
        item = int(opinion.list_features.items[position])
        return self.knowledge.values(item, aspect)

    def _pick(self, variants: tuple[str, ...], *identity: str) -> str:
        return variants[derived_seed("offline", "wording", *identity) % len(variants)]


def _sentences(parts: list[str]) -> str:
    sentences = [part[0].upper() + part[1:] for part in parts if part]
    return ". ".join(sentences) + "."
