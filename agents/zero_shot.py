"""The language model without a role: given history and candidates, it names the next item."""

from collections.abc import Sequence
from dataclasses import replace

from afl.prompt_headings import CANDIDATES, HISTORY
from afl.types import Advice, Outcome, Refusal, Role, SessionView, Turn
from agents.recommendation import parse_item
from agents.repair import LanguageModelAgent, ParsedReply, Question
from agents.sections import join_sections, numbered

_NO_ITEM = 'There is no line "Item: ..." with a title of the list; write that line and nothing else.'


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
        fill, domain = self.prompts.fill, view.domain
        answer = fill("zero_shot.answer", domain)
        return Question(
            system=fill("zero_shot.system", domain),
            request=join_sections(
                numbered(HISTORY, view.history_titles),
                numbered(CANDIDATES, view.candidate_titles),
                fill("zero_shot.question", domain),
                answer,
            ),
            answer_format=answer,
            parse=lambda text: _parse(text, view),
            domain=domain,
        )


def _parse(text: str, view: SessionView) -> ParsedReply:
    reply = parse_item(text, view)
    # The general message asks for a reason too.
    return replace(reply, problem=_NO_ITEM) if reply.outcome is Outcome.UNPARSED else reply
