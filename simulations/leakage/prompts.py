"""Checks that no prompt names the target outside the candidate list and the dialogue."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from afl.prompt_headings import HEADINGS, Headings
from afl.types import Message
from agents.matching import unaccented
from simulations.analysis.audit_check import Check, Verdict, not_checked

PROMPTS = "prompts"


class LineSubject(NamedTuple):
    """The subject of a request: a line that only requests about one subject have gives the subject away."""

    judged: bool
    subject: str
    """The target of the dialogue; where items are judged, the session."""


@dataclass
class PromptCheck:
    """Collects the requests of a run, and finds the sessions whose prompts give the target away.

    Checked is every line outside the candidates, the advice and, after the first request, the refusals and the offer,
    which have their own checks. In the history only an equal entry counts; elsewhere the title as whole words, not
    inside another title. A line that sessions with another target have too does not identify the target: an
    artist called Yes is no leak. Where several items of a session are judged, each is a target, and a line counts if
    no other session has it.
    """

    titles: Collection[str]
    """All titles of the catalogue; empty where the data set is missing."""
    headings: Headings = HEADINGS
    """Those of the run's requests."""
    requests: int = 0
    understood: int = 0
    """Requests with candidates or an offer under the expected headings."""
    _in_history: set[str] = field(default_factory=set)
    _subjects: set[LineSubject] = field(default_factory=set)
    _mentions: list[tuple[str, LineSubject, str]] = field(default_factory=list)
    _subject_of_line: dict[tuple[bool, str], LineSubject | None] = field(default_factory=dict)
    """(Whether the request judges an item, line) -> its subject; None for a line of several subjects."""

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
        """Adds a request as it was sent; `first`: it is the first of its session.

        `past` holds titles of the user's own history: a target that the user returns to is no leak.
        """
        subject = LineSubject(judged, session if judged else target)
        self.requests += 1
        self._subjects.add(subject)
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        names = self.headings
        lines = list(lines_of(texts, names))
        self.understood += any(heading in (names.candidates, names.recommendation) for heading, _ in lines)
        listed, dialogue = (names.candidates, names.advice), (names.refused, names.recommendation)
        for heading, line in lines:
            if heading == names.history:
                if line.partition(". ")[2] == target and target not in past:
                    self._in_history.add(session)
            elif heading not in listed and (first or heading not in dialogue):
                self._note(session, target, line, subject)

    def check(self) -> Check:
        """The verdict over all requests."""
        if not self.understood:
            expected = f"{self.headings.candidates!r} or {self.headings.recommendation!r}"
            return not_checked(PROMPTS, f"No recorded request has a section {expected}.")
        in_text = {session for session, subject, line in self._mentions if self._identifies(subject, line)}
        sessions = sorted(self._in_history | in_text)
        numbers = {
            "requests": self.requests,
            "sessions": len(sessions),
            "in_history": len(self._in_history),
            "in_text": len(in_text),
            "first": sessions[0] if sessions else None,
        }
        if sessions:
            text = f"The target is named outside list and dialogue in {len(sessions)} sessions, first {sessions[0]!r}."
            return Check(PROMPTS, Verdict.BROKEN, text, numbers)
        text = f"None of {self.requests} requests names its target outside list, advice and dialogue."
        return Check(PROMPTS, Verdict.OK, text, numbers)

    def _note(self, session: str, target: str, line: str, subject: LineSubject) -> None:
        if self._subject_of_line.setdefault((subject.judged, line), subject) != subject:
            self._subject_of_line[subject.judged, line] = None
        if Titles([target]).named(line) and Titles({*self.titles, target}).mentions(line, target):
            self._mentions.append((session, subject, line))

    def _identifies(self, subject: LineSubject, line: str) -> bool:
        others = sum(other.judged == subject.judged for other in self._subjects) > 1
        return others and self._subject_of_line[subject.judged, line] == subject


def lines_of(texts: Sequence[str], headings: Headings = HEADINGS) -> Iterator[tuple[str, str]]:
    """Each line with the heading of the section it is in; a blank line ends a section."""
    alone = (headings.history, headings.candidates, headings.advice, headings.refused)
    offer = (f"{headings.recommendation} ", f"{headings.recommended_because} ")
    for text in texts:
        heading = ""
        for line in text.splitlines():
            if not line.strip():
                heading = ""
            elif line in alone:
                heading = line
            elif not heading and line.startswith(offer):
                heading = headings.recommendation
            yield heading, line


class Titles:
    """Finds titles in free text, as whole words and never inside a longer title; case and accents do not count."""

    def __init__(self, titles: Collection[str]) -> None:
        self.forms = {title: unaccented(title) for title in titles}

    def named(self, text: str) -> list[str]:
        """The titles that the text mentions."""
        rest, titles = unaccented(text), []
        present = [(form, title) for title, form in self.forms.items() if form and form in rest]
        for form, title in sorted(present, key=lambda entry: len(entry[0]), reverse=True):
            rest, count = re.subn(rf"(?<!\w){re.escape(form)}(?!\w)", "\0", rest)
            if count:
                titles.append(title)
        return titles

    def mentions(self, text: str, title: str) -> bool:
        """Whether the text mentions the title; other titles are compared only if its letters occur in the text."""
        return unaccented(title) in unaccented(text) and title in self.named(text)
