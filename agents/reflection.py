"""Reflecting on a mistake (Re2LLM, arXiv 2403.16427, reflective exploration): from a missed item to hints.

Three steps of one conversation, which goes on from the list that missed: likely mistakes with the target unseen, the
causes with it shown, then a hint for each cause. A fourth question, in a conversation of its own, is whether a hint
says anything that the hints so far do not.

Deviations from the published code:
1. Lists are read whole: there, a hint was what stood before the last full stop, so that longer ones lost words and
   one without a full stop became its number.
2. Whether a hint is redundant is what the model answers: there, a 0 anywhere in the reply accepted it.
3. The hints are asked for under a heading, and a reply without a list is repaired once or twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from afl.data.catalogue import one_line
from afl.ports import Chat
from afl.prompt_headings import CHOSEN, HINTS_SO_FAR, NEW_HINT
from afl.types import Attempt, Domain, Message, Outcome, Phase, SessionView, Turn
from agents.list_parser import parse_same, parse_sentences
from agents.parsing import without_thinking
from agents.prompts import Prompts
from agents.repair import ParsedReply, Question, RepairLoop
from agents.sections import join_sections, numbered

REFLECTION = "reflection"
"""The role its calls are recorded under: nobody of the dialogue."""
STEPS = ("mistakes", "causes", "hints")
"""The rounds 1, 2 and 3 of its phase; later rounds ask of the session's hints, in order, whether they are redundant."""

Attempts = tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Step(Question):
    """A question that goes on with a conversation."""

    before: tuple[Message, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        return (*self.before, {"role": "user", "content": self.request})


class Reflection(NamedTuple):
    """What the model said about one mistake."""

    mistakes: tuple[str, ...]
    causes: tuple[str, ...]
    hints: tuple[str, ...]
    """Empty where a step got no answer."""
    attempts: Attempts
    """Of all steps, in order."""

    @property
    def outcome(self) -> Outcome:
        return self.attempts[-1].outcome


class Redundancy(NamedTuple):
    """Whether a hint repeats the hints so far."""

    same: bool | None
    """None where the model did not say."""
    attempts: Attempts


class ReflectionAgent:
    """Asks a recommendation agent's model about its own mistake; it sees the target from the second step on."""

    def __init__(self, chat: Chat, *, prompts: Prompts | None = None) -> None:
        self.prompts = prompts or Prompts.load()
        self.repair_loop = RepairLoop(chat, self.prompts)

    def prompts_hash(self, *groups: str) -> str:
        """SHA-256 (hex) over the prompts in use, see `Prompts.hash`."""
        return self.prompts.hash(*groups)

    async def reflect(self, view: SessionView, turn: Turn, *, target: int) -> Reflection:
        """The hints that the model draws from a list without the target (`turn`); a step that fails is the last."""
        answers: dict[str, tuple[str, ...]] = dict.fromkeys(STEPS, ())
        conversation, attempts = _conversation(turn), tuple[Attempt, ...]()
        for round, name in enumerate(STEPS, start=1):
            target_section = f"{CHOSEN}\n{one_line(view.title(target))}" if name == "causes" else ""
            step = self._step(name, view.domain, conversation, target_section, count=len(turn.ranking))
            new = await self._ask(step, view.session, round)
            attempts = (*attempts, *new)
            if new[-1].outcome is not Outcome.OK:
                break
            answers[name] = sentences(new[-1])
            conversation = (*step.messages, _reply_message(new[-1]))
        return Reflection(**answers, attempts=attempts)

    async def repeats(
        self, hint: str, so_far: Sequence[str], *, domain: Domain, session: str, number: int
    ) -> Redundancy:
        """Whether the hint conveys the same idea as one of those so far; `number` is its place among its session's."""
        attempts = await self._ask(self._redundancy(hint, so_far, domain), session, len(STEPS) + number)
        return Redundancy(attempts[-1].decision, attempts)

    async def _ask(self, question: Question, session: str, round: int) -> Attempts:
        return await self.repair_loop.ask(
            question, subject=session, phase=Phase.REFLECTION, round=round, role=REFLECTION
        )

    def _step(self, name: str, domain: Domain, before: tuple[Message, ...], section: str, *, count: int) -> Step:
        fill = self.prompts.fill
        answer = fill(f"reflection.{name}_answer", domain)
        return Step(
            system="",
            request=join_sections(section, fill(f"reflection.{name}", domain, count=str(count)), answer),
            answer_format=answer,
            parse=lambda text: _parse_sentences(text, name.capitalize()),
            domain=domain,
            before=before,
        )

    def _redundancy(self, hint: str, so_far: Sequence[str], domain: Domain) -> Question:
        fill = self.prompts.fill
        answer = fill("reflection.redundancy_answer", domain)
        return Question(
            system=fill("reflection.redundancy_system", domain),
            request=join_sections(
                numbered(HINTS_SO_FAR, so_far),
                f"{NEW_HINT}\n{one_line(hint)}",
                fill("reflection.redundancy_question", domain),
                answer,
            ),
            answer_format=answer,
            parse=_parse_same,
            domain=domain,
        )


def sentences(attempt: Attempt) -> tuple[str, ...]:
    """The sentences that an answered step listed."""
    return tuple(attempt.reason.split("\n"))


def _conversation(turn: Turn) -> tuple[Message, ...]:
    """The request for the list, and the list as it was given in the end: repairs are forgotten."""
    return (*turn.attempts[0].messages, _reply_message(turn.answer))


def _reply_message(attempt: Attempt) -> Message:
    return {"role": "assistant", "content": without_thinking(attempt.reply.text).strip()}


def _parse_sentences(text: str, heading: str) -> ParsedReply:
    parsed = parse_sentences(text, heading)
    return ParsedReply(parsed.outcome, "\n".join(parsed.value or ()) or parsed.reason, problem=parsed.problem)


def _parse_same(text: str) -> ParsedReply:
    parsed = parse_same(text)
    return ParsedReply(parsed.outcome, parsed.reason, decision=parsed.value, problem=parsed.problem)
