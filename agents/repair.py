"""How any agent asks: one request, then up to two repairs that show the model its mistake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from afl.ports import Chat
from afl.types import Attempt, CallKey, Domain, Message, Outcome, Reply
from agents.lines import without_thinking
from agents.prompts import Prompts

REPAIRS = 2


@dataclass(frozen=True, slots=True)
class Reading:
    """What an agent understood of a reply; `problem` tells the model what was wrong with it."""

    outcome: Outcome
    reason: str = ""
    item: int | None = None
    decision: bool | None = None
    ranking: tuple[int, ...] = ()
    problem: str = ""


Reader = Callable[[str], Reading]


@dataclass(frozen=True, slots=True)
class Question:
    """What one turn asks: the opening messages, how to read a reply, and the answer format to insist on."""

    system: str
    request: str
    """Ends with `answer_format`."""
    answer_format: str
    read: Reader
    domain: Domain

    @property
    def messages(self) -> tuple[Message, ...]:
        return ({"role": "system", "content": self.system}, {"role": "user", "content": self.request})


class Asker:
    """Puts questions to a chat model and keeps every attempt."""

    def __init__(self, chat: Chat, prompts: Prompts, *, repairs: int = REPAIRS) -> None:
        self.chat = chat
        self.prompts = prompts
        self.repairs = repairs

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

    async def ask(
        self, question: Question, *, subject: str, phase: str, round: int, role: str
    ) -> tuple[Attempt, ...]:
        """All attempts, the last of which is the answer: `OK`, beyond repair, or the repairs are used up."""
        attempts: list[Attempt] = []
        messages = question.messages
        for number in range(self.repairs + 1):
            key = CallKey(subject, phase, round, role, number)
            reply = await self.chat.ask(key, messages)
            reading = _read(reply, question.read)
            attempts.append(_attempt(key, messages, reply, reading))
            if not reading.outcome.repairable:
                break
            messages = (*messages, *self._correction(question, reply, reading))
        return tuple(attempts)

    def _correction(self, question: Question, reply: Reply, reading: Reading) -> Sequence[Message]:
        # Some endpoints refuse an assistant message without content.
        said = without_thinking(reply.text).strip() or "(empty reply)"
        correction = self.prompts.fill("repair", question.domain, problem=reading.problem)
        return (
            {"role": "assistant", "content": said},
            {"role": "user", "content": f"{correction}\n\n{question.answer_format}"},
        )


def _read(reply: Reply, read: Reader) -> Reading:
    """A reply that did not come whole is not guessed at: its outcome is the attempt's."""
    return read(reply.text) if reply.outcome is Outcome.OK else Reading(reply.outcome)


def _attempt(key: CallKey, messages: tuple[Message, ...], reply: Reply, reading: Reading) -> Attempt:
    return Attempt(
        key, reading.outcome, messages, reply, reading.reason, reading.item, reading.decision, reading.ranking
    )
