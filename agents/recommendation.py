"""The recommendation agent: proposes one candidate, or a list of them, and says why."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.types import Advice, Refusal, Role, SessionView, Turn
from agents.repair import LanguageModelAgent, Question
from agents.sections import advice_section, join_sections, memory_section, numbered


class RecommendationAgent(LanguageModelAgent):
    """From memory, history and suggestion to an item with a reason: f_r of algorithm 1 (arXiv 2410.20027).

    As in the paper, both suggestion and memory are shown in every round; the published code shows the suggestion in
    the first round only, and afterwards the memory instead.
    """

    role = Role.RECOMMENDATION

    async def recommend(
        self, view: SessionView, *, round: int, advice: Sequence[Advice], memory: Sequence[Refusal]
    ) -> Turn:
        """The turn with every attempt; its `item` is a candidate where the outcome is `OK`."""
        question = self.question(view, advice=advice, memory=memory)
        attempts = await self._attempts(question, view.session, round)
        return Turn(role=self.role, round=round, attempts=attempts, advice=tuple(advice))

    async def rank(
        self,
        view: SessionView,
        *,
        top: int,
        advice: Sequence[Advice] = (),
        round: int = 1,
        phase: str | None = None,
    ) -> Turn:
        """A list of `top` candidates; the turn's `ranking` holds them, best first, where the outcome is `OK`.

        `phase` is the phase its calls are recorded under (default: the agent's). Raises `UsageError` if there are
        fewer candidates than `top`.
        """
        if not 1 <= top <= len(view.candidates):
            raise UsageError(
                f"session {view.session}: cannot rank the top {top}, expected 1 to {len(view.candidates)}, "
                "the number of candidates"
            )
        question = self.ranking_question(view, top=top, advice=advice)
        attempts = await self._attempts(question, view.session, round, phase)
        return Turn(role=self.role, round=round, attempts=attempts, advice=tuple(advice))

    def question(self, view: SessionView, *, advice: Sequence[Advice], memory: Sequence[Refusal]) -> Question:
        """The request for an item; equal arguments give equal bytes."""
        fill, headings, domain = self.prompts.fill, self.prompts.headings, view.domain
        answer = self.answers.item("recommendation.answer", view)
        return Question(
            system=fill("recommendation.system", domain),
            request=join_sections(
                numbered(headings.history, view.history_titles, view.attributes),
                numbered(headings.candidates, view.candidate_titles, view.attributes),
                advice_section(advice, headings),
                memory_section(memory, headings),
                fill("recommendation.question", domain),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )

    def ranking_question(self, view: SessionView, *, top: int, advice: Sequence[Advice]) -> Question:
        """The request for a list; equal arguments give equal bytes."""
        fill, headings, domain = self.prompts.fill, self.prompts.headings, view.domain
        answer = self.answers.items(view, top)
        return Question(
            system=fill("ranking.system", domain),
            request=join_sections(
                numbered(headings.history, view.history_titles, view.attributes),
                numbered(headings.candidates, view.candidate_titles, view.attributes),
                advice_section(advice, headings),
                fill("ranking.question", domain, count=str(top)),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )
