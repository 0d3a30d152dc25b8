"""Does a prompt name the target outside the candidate list and the dialogue?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from afl.prompt_headings import ADVICE, CANDIDATES, HISTORY, RECOMMENDATION, RECOMMENDED_BECAUSE, REFUSED
from afl.types import Message
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.titles import Titles

NAME = "prompts"

_LISTED = (CANDIDATES, ADVICE)
_DIALOGUE = (REFUSED, RECOMMENDATION)


class LineSubject(NamedTuple):
    """What a line gives away if no request about something else has it."""

    judged: bool
    of: str
    """The target of the dialogue; where items are judged, the session."""


@dataclass
class PromptCheck:
    """Collects the requests of a run, and finds the sessions whose prompts give the target away.

    Checked is every line outside the candidates, the advice and, after the first request, the refusals and the offer,
    which have checks of their own. In the history only an equal entry counts; elsewhere the title as whole words, not
    inside another title. A line that a session with another target has too tells nobody which target is meant: an
    artist called Yes is no leak. Where several items of a session are judged, each is a target, and a line tells when
    no other session has it.
    """

    titles: Collection[str]
    """All titles of the catalogue; empty where the data set is gone."""
    requests: int = 0
    understood: int = 0
    """Requests with candidates or an offer under the expected headings."""
    _in_history: set[str] = field(default_factory=set)
    _subjects: set[LineSubject] = field(default_factory=set)
    _mentions: list[tuple[str, LineSubject, str]] = field(default_factory=list)
    _subject_of_line: dict[tuple[bool, str], LineSubject | None] = field(default_factory=dict)
    """(Of judging, line) -> its subject; None where requests about several subjects have it."""

    def add(
        self,
        session: str,
        target: str,
        messages: Sequence[Message],
        *,
        first: bool,
        judged: bool = False,
        past: Collection[str] = (),
    ) -> None:
        """One request as it was sent; `first`: nothing had been said in the session before.

        `past` holds titles of the user's own history: what somebody returns to is no leak.
        """
        subject = LineSubject(judged, session if judged else target)
        self.requests += 1
        self._subjects.add(subject)
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        lines = list(lines_of(texts))
        self.understood += any(heading in (CANDIDATES, RECOMMENDATION) for heading, _ in lines)
        for heading, line in lines:
            if heading == HISTORY:
                if line.partition(". ")[2] == target and target not in past:
                    self._in_history.add(session)
            elif heading not in _LISTED and (first or heading not in _DIALOGUE):
                self._note(session, target, line, subject)

    def check(self) -> Check:
        """The verdict over all requests."""
        if not self.understood:
            return not_checked(NAME, f"No recorded request has a section {CANDIDATES!r} or {RECOMMENDATION!r}.")
        in_text = {session for session, teller, line in self._mentions if self._identifies(teller, line)}
        sessions = sorted(self._in_history | in_text)
        numbers = {
            "requests": self.requests,
            "sessions": len(sessions),
            "in_history": len(self._in_history),
            "in_text": len(in_text),
            "first": sessions[0] if sessions else None,
        }
        if sessions:
            text = (
                f"The target stands outside list and dialogue in {len(sessions)} sessions, first {sessions[0]!r}."
            )
            return Check(NAME, Verdict.BROKEN, text, numbers)
        text = f"None of {self.requests} requests says its target outside list, advice and dialogue."
        return Check(NAME, Verdict.OK, text, numbers)

    def _note(self, session: str, target: str, line: str, subject: LineSubject) -> None:
        if self._subject_of_line.setdefault((subject.judged, line), subject) != subject:
            self._subject_of_line[subject.judged, line] = None
        if Titles([target]).named(line) and Titles({*self.titles, target}).mentions(line, target):
            self._mentions.append((session, subject, line))

    def _identifies(self, subject: LineSubject, line: str) -> bool:
        others = sum(one.judged == subject.judged for one in self._subjects) > 1
        return others and self._subject_of_line[subject.judged, line] == subject


def lines_of(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each line with the heading of the section it is in; a blank line ends a section."""
    for text in texts:
        heading = ""
        for line in text.splitlines():
            if not line.strip():
                heading = ""
            elif line in (HISTORY, CANDIDATES, ADVICE, REFUSED):
                heading = line
            elif not heading and line.startswith((f"{RECOMMENDATION} ", f"{RECOMMENDED_BECAUSE} ")):
                heading = RECOMMENDATION
            yield heading, line
