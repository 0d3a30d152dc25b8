"""Reflection on a mistake (Re2LLM, arXiv 2403.16427, reflective exploration): from a missed target to hints.

Three steps of one conversation, which continues the one about the list that missed the target: likely mistakes
without showing the target, the causes after showing it, then a hint for each cause. A fourth question, in a separate
conversation, is whether a hint adds anything to the hints so far.

Deviations from the published code:
1. Lists are parsed completely: there, a hint was the text before the last full stop, so that longer hints lost words
   and a hint without a full stop became its number.
2. Whether a hint is redundant is the model's answer: there, a 0 anywhere in the reply accepted the hint.
3. The hints are requested under a heading, and a reply without a list is repaired up to twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from afl.data.catalogue import one_line
from afl.ports import Chat
from afl.types import Attempt, Domain, Message, Outcome, Phase, SessionView, Turn
from agents.parsing import answer_part
from agents.prompts import Prompts
from agents.repair import LanguageModelAgent, Question
from agents.sections import join_sections, numbered

REFLECTION = "reflection"
"""The role of its calls, which is none of the two agents of a dialogue."""
STEPS = ("mistakes", "causes", "hints")
"""The rounds 1, 2 and 3 of its phase; each later round asks whether one of the session's hints is redundant."""

Attempts = tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class Step(Question):
    """A question that continues a conversation."""

    before: tuple[Message, ...] = ()

    @property
    def messages(self) -> tuple[Message, ...]:
        return (*self.before, {"role": "user", "content": self.request})


class Reflection(NamedTuple):
    """The model's answers about one mistake."""

    mistakes: tuple[str, ...]
    causes: tuple[str, ...]
    hints: tuple[str, ...]
    """Empty if a step got no answer."""
    attempts: Attempts
    """The attempts of all steps, in order."""

    @property
    def outcome(self) -> Outcome:
        return self.attempts[-1].outcome


class Redundancy(NamedTuple):
    """Whether a hint repeats one of the hints so far."""

    same: bool | None
    """None if the model did not answer."""
    attempts: Attempts


class ReflectionAgent(LanguageModelAgent):
    """Asks a recommendation agent's model about its own mistake; it sees the target from the second step on."""

    role = REFLECTION

    def __init__(self, chat: Chat, *, prompts: Prompts | None = None) -> None:
        super().__init__(chat, prompts=prompts, phase=Phase.REFLECTION)

    async def reflect(self, view: SessionView, turn: Turn, *, target: int) -> Reflection:
        """The hints that the model draws from a list without the target (`turn`); no step follows a failed one."""
        answers: dict[str, tuple[str, ...]] = dict.fromkeys(STEPS, ())
        conversation, attempts = _conversation(turn), tuple[Attempt, ...]()
        for round, name in enumerate(STEPS, start=1):
            target_section = (
                f"{self.prompts.headings.chosen}\n{one_line(view.title(target))}" if name == "causes" else ""
            )
            step = self._step(name, view.domain, conversation, target_section, count=len(turn.ranking))
            new = await self._attempts(step, view.session, round)
            attempts = (*attempts, *new)
            if new[-1].outcome is not Outcome.OK:
                break
            answers[name] = sentences(new[-1])
            conversation = (*step.messages, _reply_message(new[-1]))
        return Reflection(**answers, attempts=attempts)

    async def repeats(
        self, hint: str, so_far: Sequence[str], *, domain: Domain, session: str, number: int
    ) -> Redundancy:
        """Whether the hint repeats one of those so far; `number` is its position among the hints of its session."""
        attempts = await self._attempts(self._redundancy(hint, so_far, domain), session, len(STEPS) + number)
        return Redundancy(attempts[-1].decision, attempts)

    def _step(self, name: str, domain: Domain, before: tuple[Message, ...], section: str, *, count: int) -> Step:
        fill = self.prompts.fill
        answer = self.answers.sentences(name, domain)
        return Step(
            system="",
            request=join_sections(section, fill(f"reflection.{name}", domain, count=str(count)), answer.text),
            answer=answer,
            domain=domain,
            before=before,
        )

    def _redundancy(self, hint: str, so_far: Sequence[str], domain: Domain) -> Question:
        fill, headings = self.prompts.fill, self.prompts.headings
        answer = self.answers.same(domain)
        return Question(
            system=fill("reflection.redundancy_system", domain),
            request=join_sections(
                numbered(headings.hints_so_far, so_far),
                f"{headings.new_hint}\n{one_line(hint)}",
                fill("reflection.redundancy_question", domain),
                answer.text,
            ),
            answer=answer,
            domain=domain,
        )


def sentences(attempt: Attempt) -> tuple[str, ...]:
    """The sentences listed in the answer to a step."""
    return tuple(attempt.reason.split("\n"))


def _conversation(turn: Turn) -> tuple[Message, ...]:
    """The request for the list and the final reply, without repairs."""
    return (*turn.attempts[0].messages, _reply_message(turn.answer))


def _reply_message(attempt: Attempt) -> Message:
    return {"role": "assistant", "content": answer_part(attempt.reply.text).strip()}
