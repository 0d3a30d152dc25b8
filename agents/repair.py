"""The repair loop: one request, then up to two more that show the model its mistake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afl.ports import Chat
from afl.types import Answer, Attempt, CallKey, Domain, Message, Outcome, Reply
from agents.parsing import without_thinking
from agents.prompts import Prompts

MAX_REPAIRS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedReply(Answer[int]):
    """The answer that an agent read out of a reply."""

    problem: str = ""
    """What was wrong with the reply, in words for the model."""


@dataclass(frozen=True, slots=True)
class Question:
    """What an agent asks in one turn, and how it reads the reply."""

    system: str
    request: str
    """Ends with `answer_format`."""
    answer_format: str
    """Repeated in every repair request."""
    parse: Callable[[str], ParsedReply]
    domain: Domain

    @property
    def messages(self) -> tuple[Message, ...]:
        return ({"role": "system", "content": self.system}, {"role": "user", "content": self.request})


class RepairLoop:
    """Sends questions to a chat model until a reply can be used or the repairs are used up."""

    def __init__(self, chat: Chat, prompts: Prompts, *, repairs: int = MAX_REPAIRS) -> None:
        self.chat = chat
        self.prompts = prompts
        self.repairs = repairs

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

    async def ask(
        self, question: Question, *, subject: str, phase: str, round: int, role: str
    ) -> tuple[Attempt, ...]:
        """All attempts; the last one is the turn's answer, usable or not."""
        attempts: list[Attempt] = []
        messages = question.messages
        for number in range(self.repairs + 1):
            key = CallKey(subject, phase, round, role, number)
            reply = await self.chat.ask(key, messages)
            parsed = _parse(reply, question.parse)
            attempts.append(_attempt(key, messages, reply, parsed))
            if not parsed.outcome.repairable:
                break
            messages = (*messages, *self._repair_messages(question, reply, parsed))
        return tuple(attempts)

    def _repair_messages(self, question: Question, reply: Reply, parsed: ParsedReply) -> Sequence[Message]:
        # Some endpoints refuse an assistant message without content.
        text = without_thinking(reply.text).strip() or "(empty reply)"
        correction = self.prompts.fill("repair", question.domain, problem=parsed.problem)
        return (
            {"role": "assistant", "content": text},
            {"role": "user", "content": f"{correction}\n\n{question.answer_format}"},
        )


def _parse(reply: Reply, parse: Callable[[str], ParsedReply]) -> ParsedReply:
    """A reply that did not come whole is not parsed: its outcome is the attempt's."""
    return parse(reply.text) if reply.outcome is Outcome.OK else ParsedReply(reply.outcome)


def _attempt(key: CallKey, messages: tuple[Message, ...], reply: Reply, parsed: ParsedReply) -> Attempt:
    return Attempt(
        parsed.outcome,
        parsed.reason,
        parsed.item,
        parsed.decision,
        parsed.ranking,
        key=key,
        messages=messages,
        reply=reply,
    )
