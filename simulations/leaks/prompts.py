"""Does a prompt say the target outside the candidate list and the dialogue?"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from afl.types import Message
from agents.sections import ADVICE, CANDIDATES, HISTORY, RECOMMENDATION, REFUSED
from simulations.leaks.check import Check, Verdict, not_checked
from simulations.leaks.titles import Titles

NAME = "prompts"

_LISTED = (CANDIDATES, ADVICE)
_DIALOGUE = (REFUSED, RECOMMENDATION)


@dataclass
class PromptCheck:
    """Takes in the requests of a run, one by one, and says in the end which sessions' prompts give the target away.

    Looked at: every line outside the candidates, the advice (which has a check of its own), the offer and, after the
    first request, the refusals. In the history only an equal entry counts; elsewhere the title as whole words, not
    inside another title. A line that a session with another target has too tells nobody which target is meant: an
    artist called Yes is no leak.
    """

    titles: Collection[str]
    """All titles there are, as far as known."""
    repeats: Collection[str] = ()
    """Sessions whose own history holds the target: what somebody returns to is no leak."""
    requests: int = 0
    with_list: int = 0
    _in_history: set[str] = field(default_factory=set)
    _targets: set[str] = field(default_factory=set)
    _mentions: list[tuple[str, str, str]] = field(default_factory=list)
    _target_of: dict[str, str | None] = field(default_factory=dict)
    """Line -> the one target of the sessions that have it, None where they differ."""

    def add(self, session: str, target: str, messages: Sequence[Message], *, first: bool) -> None:
        """One request as it was sent; `first`: nothing had been said in the session before."""
        self.requests += 1
        self._targets.add(target)
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        self.with_list += any(CANDIDATES in text.splitlines() for text in texts)
        for heading, line in _lines(texts):
            if heading == HISTORY:
                if line.partition(". ")[2] == target and session not in self.repeats:
                    self._in_history.add(session)
            elif heading not in _LISTED and (first or heading not in _DIALOGUE):
                self._note(session, target, line)

    def check(self) -> Check:
        """The verdict over all requests taken in."""
        if not self.with_list:
            return not_checked(NAME, f"No recorded request has a section {CANDIDATES!r}.")
        in_text = {session for session, target, line in self._mentions if self._tells(target, line)}
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

    def _note(self, session: str, target: str, line: str) -> None:
        if self._target_of.setdefault(line, target) != target:
            self._target_of[line] = None
        if Titles([target]).named(line) and Titles({*self.titles, target}).mentions(line, target):
            self._mentions.append((session, target, line))

    def _tells(self, target: str, line: str) -> bool:
        return len(self._targets) > 1 and self._target_of[line] == target


def _lines(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each line with the heading of the section it is in; a blank line ends a section."""
    for text in texts:
        heading = ""
        for line in text.splitlines():
            if not line.strip():
                heading = ""
            elif line in (HISTORY, CANDIDATES, ADVICE, REFUSED):
                heading = line
            elif line.startswith(f"{RECOMMENDATION} "):
                heading = RECOMMENDATION
            yield heading, line
