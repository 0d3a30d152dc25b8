"""Checks that prompts quote the dialogue truly: refusals that happened, and the recommendation that was made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from afl.data.catalogue import one_line
from afl.prompt_headings import HEADINGS, Headings
from afl.types import Message, Outcome, Refusal, Role
from agents.sections import memory_section, shown_reason
from memory.records import SessionRecord, TurnRecord
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.prompts import Titles, lines_of

DIALOGUE = "dialogue"


@dataclass
class DialogueCheck:
    """Collects the requests of a run and compares the memories and offers in them with the dialogue so far.

    A line under the refusals that no round contains, and an offer that was not made, are suspicious; where they name
    the target, it has leaked: the prompt names an item that no agent recommended.
    """

    requests: int = 0
    """Requests with a memory or an offer."""
    headings: Headings = HEADINGS
    """Those of the run's requests."""
    _unsupported: set[str] = field(default_factory=set)
    _revealing: set[str] = field(default_factory=set)

    def add(
        self,
        dialogue: "DialogueLines",
        target: str,
        messages: Sequence[Message],
        *,
        before: int,
        judged: str | None = None,
    ) -> None:
        """Adds a request as it was sent in round `before`, or about the `judged` item after the dialogue."""
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        names = self.headings
        lines = list(lines_of(texts, names))
        begin = (f"{names.recommendation} ", f"{names.recommended_because} ")
        refusals = {line for heading, line in lines if heading == names.refused and line != names.refused}
        offers = {line for heading, line in lines if heading == names.recommendation and line.startswith(begin)}
        self.requests += bool(refusals or offers)
        expected_offer = (
            dialogue.offer(before) if judged is None else {f"{names.recommendation} {one_line(judged)}"}
        )
        unsupported = (refusals - dialogue.memory(before=before)) | (offers - expected_offer)
        if unsupported:
            self._unsupported.add(dialogue.session)
        if any(Titles([target]).named(line) for line in unsupported):
            self._revealing.add(dialogue.session)

    def check(self) -> Check:
        """The verdict over all requests."""
        if not self.requests:
            return not_checked(DIALOGUE, "No recorded request holds a memory or an offer.")
        unsupported, revealing = sorted(self._unsupported), sorted(self._revealing)
        numbers = {
            "requests": self.requests,
            "sessions": len(unsupported),
            "with_target": len(revealing),
            "first": next(iter(revealing or unsupported), None),
        }
        if revealing:
            text = (
                f"Memories or offers name the target in {len(revealing)} sessions, first {revealing[0]!r}, "
                "which no agent had recommended."
            )
            return Check(DIALOGUE, Verdict.BROKEN, text, numbers)
        if unsupported:
            sessions = f"{len(unsupported)} sessions, first {unsupported[0]!r}"
            text = f"Memories or offers of {sessions}, quote what no agent said."
            return Check(DIALOGUE, Verdict.SUSPICIOUS, text, numbers)
        return Check(
            DIALOGUE,
            Verdict.OK,
            f"The memories and offers of {self.requests} requests are true to the dialogue.",
            numbers,
        )


class DialogueLines:
    """The dialogue of a session as the lines that memories and offers may quote."""

    def __init__(self, record: SessionRecord, headings: Headings = HEADINGS) -> None:
        self.session, self.headings = record.session, headings
        answered = [turn for turn in record.answers if turn in record.dialogue and turn.outcome is Outcome.OK]
        self._offers = {turn.key.round: turn for turn in answered if turn.key.role == Role.RECOMMENDATION}
        self._replies = {turn.key.round: turn for turn in answered if turn.key.role == Role.USER}

    def offer(self, round: int) -> set[str]:
        """The lines of what was recommended in this round and why."""
        if round not in self._offers:
            return set()
        turn = self._offers[round]
        return {
            f"{self.headings.recommendation} {one_line(turn.item or '')}",
            f"{self.headings.recommended_because} {shown_reason(turn.reason)}",
        }

    def memory(self, *, before: int) -> set[str]:
        """The lines of a memory of every round refused before this one."""
        refused = [round for round, reply in self._replies.items() if round < before and reply.decision is False]
        memory = [_refusal(round, self._offers, self._replies) for round in sorted(refused)]
        return set(memory_section(memory, self.headings).splitlines())


def _refusal(round: int, offers: Mapping[int, TurnRecord], replies: Mapping[int, TurnRecord]) -> Refusal:
    return Refusal(round, offers[round].item or "", offers[round].reason, replies[round].reason)
