"""The language model by itself: history and candidates, and which of them comes next."""

from collections.abc import Sequence
from dataclasses import replace

from afl.ports import Chat
from afl.prompt_headings import CANDIDATES, HISTORY
from afl.types import Advice, Outcome, Phase, Refusal, Role, SessionView, Turn
from agents.prompts import Prompts
from agents.recommendation import parse_item
from agents.repair import ParsedReply, Question, RepairLoop
from agents.sections import join_sections, numbered

_NO_ITEM = 'There is no line "Item: ..." with a title of the list; write that line and nothing else.'


class ZeroShot:
    """One plain question: no part to play, no advice, no memory, and no reason asked for.

    A `RecommendationAgent` that stands for the language model where it is a base model of its own (AFL, Table 4).
    """

    role = Role.RECOMMENDATION

    def __init__(self, chat: Chat, *, prompts: Prompts | None = None, phase: str = Phase.LOOP) -> None:
        self.prompts = prompts or Prompts.load()
        self.phase = phase
        self.repair_loop = RepairLoop(chat, self.prompts)

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

    async def recommend(
        self, view: SessionView, *, round: int = 1, advice: Sequence[Advice] = (), memory: Sequence[Refusal] = ()
    ) -> Turn:
        """The turn with every attempt; its `item` is a candidate where the outcome is `OK`.

        Raises `ValueError` for advice or a memory: what a base model says depends on history and candidates alone.
        """
        if advice or memory:
            raise ValueError(
                f"session {view.session}: got advice or a memory, which a zero-shot answer goes without"
            )
        attempts = await self.repair_loop.ask(
            self.question(view), subject=view.session, phase=self.phase, round=round, role=self.role
        )
        return Turn(role=self.role, round=round, attempts=attempts)

    def question(self, view: SessionView) -> Question:
        """What the model is asked; equal views give equal bytes."""
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
    # The usual words ask for a reason as well.
    return replace(reply, problem=_NO_ITEM) if reply.outcome is Outcome.UNPARSED else reply
