"""The recommendation agent: proposes one candidate, or a list of them, and says why."""

from collections.abc import Sequence

from afl.errors import UsageError
from afl.prompt_headings import CANDIDATES, HISTORY
from afl.types import Advice, Refusal, Role, SessionView, Turn
from agents.parsing import parse_recommendation
from agents.ranking import parse_ranking
from agents.repair import LanguageModelAgent, ParsedReply, Question
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
        fill, domain = self.prompts.fill, view.domain
        answer = fill("recommendation.answer", domain)
        return Question(
            system=fill("recommendation.system", domain),
            request=join_sections(
                numbered(HISTORY, view.history_titles),
                numbered(CANDIDATES, view.candidate_titles),
                advice_section(advice),
                memory_section(memory),
                fill("recommendation.question", domain),
                answer,
            ),
            answer_format=answer,
            parse=lambda text: parse_item(text, view),
            domain=domain,
        )

    def ranking_question(self, view: SessionView, *, top: int, advice: Sequence[Advice]) -> Question:
        """The request for a list; equal arguments give equal bytes."""
        fill, domain = self.prompts.fill, view.domain
        entries = "\n".join(f"{number}. <title, exactly as listed>" for number in range(1, top + 1))
        answer = fill("ranking.answer", domain, count=str(top), entries=entries)
        return Question(
            system=fill("ranking.system", domain),
            request=join_sections(
                numbered(HISTORY, view.history_titles),
                numbered(CANDIDATES, view.candidate_titles),
                advice_section(advice),
                fill("ranking.question", domain, count=str(top)),
                answer,
            ),
            answer_format=answer,
            parse=lambda text: _parse_ranking(text, view, top),
            domain=domain,
        )


def _parse_ranking(text: str, view: SessionView, top: int) -> ParsedReply:
    parsed = parse_ranking(text, view.candidate_titles, top=top)
    ranking = tuple(view.item(title) for title in parsed.value or ())
    item = ranking[0] if ranking else None
    return ParsedReply(parsed.outcome, parsed.reason, item=item, ranking=ranking, problem=parsed.problem)


def parse_item(text: str, view: SessionView, titles: Sequence[str] | None = None) -> ParsedReply:
    """The item that a reply names, and the reason: one of these titles, by default of all candidates."""
    parsed = parse_recommendation(text, view.candidate_titles if titles is None else titles)
    item = None if parsed.value is None else view.item(parsed.value)
    return ParsedReply(parsed.outcome, parsed.reason, item=item, problem=parsed.problem)
