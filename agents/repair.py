"""The repair loop of all agents: one request, then up to two more that show the model its mistake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afl.ports import Chat, StructuredChat
from afl.types import Attempt, CallKey, Domain, Message, Outcome, Phase, Reply
from agents.answer_formats import AnswerFormat, AnswerFormats, ParsedReply
from agents.parsing import answer_part
from agents.prompts import Prompts

MAX_REPAIRS = 2


@dataclass(frozen=True, slots=True)
class Question:
    """The request of one turn, and the format of its answer."""

    system: str
    request: str
    """Ends with the text of `answer`."""
    answer: AnswerFormat
    domain: Domain

    @property
    def messages(self) -> tuple[Message, ...]:
        return ({"role": "system", "content": self.system}, {"role": "user", "content": self.request})


class RepairLoop:
    """Sends a question to a chat model until a reply can be parsed or no repair is left."""

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
        """All attempts; the last one is the turn's answer, whatever its outcome."""
        attempts: list[Attempt] = []
        messages = question.messages
        for number in range(self.repairs + 1):
            key = CallKey(subject, phase, round, role, number)
            reply = await self._ask(key, messages, question.answer)
            parsed = _parse(reply, question.answer.parse)
            attempts.append(_attempt(key, messages, reply, parsed))
            if not parsed.outcome.repairable:
                break
            messages = (*messages, *self._repair_messages(question, reply, parsed))
        return tuple(attempts)

    async def _ask(self, key: CallKey, messages: Sequence[Message], answer: AnswerFormat) -> Reply:
        if answer.schema is None:
            return await self.chat.ask(key, messages)
        return await self.chat.ask(key, messages, schema=answer.schema)

    def _repair_messages(self, question: Question, reply: Reply, parsed: ParsedReply) -> Sequence[Message]:
        # Some endpoints refuse an assistant message without content.
        text = answer_part(reply.text).strip() or "(empty reply)"
        correction = self.prompts.fill("repair", question.domain, problem=parsed.problem)
        return (
            {"role": "assistant", "content": text},
            {"role": "user", "content": f"{correction}\n\n{question.answer.text}"},
        )


class LanguageModelAgent:
    """The base of the agents: a chat model, its prompts, and the repair loop through which it is asked."""

    role: str

    def __init__(self, chat: Chat, *, prompts: Prompts | None = None, phase: str = Phase.LOOP) -> None:
        """`phase`: under which the calls are recorded."""
        self.prompts = prompts or Prompts.load()
        self.phase = phase
        self.repair_loop = RepairLoop(chat, self.prompts)
        self.answers = AnswerFormats(self.prompts, structured=isinstance(chat, StructuredChat) and chat.structured)

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

    async def _attempts(
        self, question: Question, session: str, round: int, phase: str | None = None
    ) -> tuple[Attempt, ...]:
        return await self.repair_loop.ask(
            question, subject=session, phase=phase or self.phase, round=round, role=self.role
        )


def _parse(reply: Reply, parse: Callable[[str], ParsedReply]) -> ParsedReply:
    """An incomplete reply is not parsed: its outcome is the attempt's."""
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
