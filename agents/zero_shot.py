"""The language model without a role: given history and candidates, it names the next item."""

from collections.abc import Sequence

from afl.types import Advice, Refusal, Role, SessionView, Turn
from agents.repair import LanguageModelAgent, Question
from agents.sections import join_sections, numbered


class ZeroShot(LanguageModelAgent):
    """A `RecommendationAgent` that is asked one question, without a role, advice, memory or reason.

    It is the language model as a base model (AFL, Table 4).
    """

    role = Role.RECOMMENDATION

    async def recommend(
        self, view: SessionView, *, round: int = 1, advice: Sequence[Advice] = (), memory: Sequence[Refusal] = ()
    ) -> Turn:
        """The turn with every attempt; its `item` is a candidate where the outcome is `OK`.

        Raises `ValueError` for advice or a memory: a base model depends on history and candidates only.
        """
        if advice or memory:
            raise ValueError(
                f"session {view.session}: got advice or a memory, expected neither for a zero-shot answer"
            )
        attempts = await self._attempts(self.question(view), view.session, round)
        return Turn(role=self.role, round=round, attempts=attempts)

    def question(self, view: SessionView) -> Question:
        """The request; equal views give equal bytes."""
        fill, headings, domain = self.prompts.fill, self.prompts.headings, view.domain
        answer = self.answers.item("zero_shot.answer", view, with_reason=False)
        return Question(
            system=fill("zero_shot.system", domain),
            request=join_sections(
                numbered(headings.history, view.history_titles, view.attributes),
                numbered(headings.candidates, view.candidate_titles, view.attributes),
                fill("zero_shot.question", domain),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )
