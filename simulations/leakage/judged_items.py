"""Checks of the user-simulation task: items are what their labels say, and no prompt reveals a label."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from afl.prompt_headings import HEADINGS, Headings
from afl.types import Message
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.candidate_lists import RARE
from simulations.leakage.prompts import lines_of

JUDGED = "judged"
LABELS = "labels"


class JudgedItemsOfUser(NamedTuple):
    """The items that one user judges, and the items that agents may know of."""

    wanted: Sequence[object]
    unwanted: Sequence[object]
    shown: Collection[object]
    """History, target and candidates of the dialogue before."""
    touched: Collection[object]
    """All items that the user interacted with."""


def check_judged(users: Sequence[JudgedItemsOfUser]) -> Check:
    """No user judges an item twice, and no unwanted item was touched by the user or shown in the dialogue.

    A wanted item that was shown in the history is counted and allowed: the user came back to it.
    """
    if not users:
        return not_checked(JUDGED, "Nothing is judged.")
    numbers = {
        "n": len(users),
        "an_item_twice": sum(len({*user.wanted, *user.unwanted}) < _item_count(user) for user in users),
        "unwanted_touched": sum(bool({*user.unwanted} & {*user.touched}) for user in users),
        "unwanted_shown": sum(bool({*user.unwanted} & {*user.shown}) for user in users),
        "not_held_out": sum(not {*user.wanted} <= {*user.touched} for user in users),
        "wanted_shown": sum(bool({*user.wanted} & {*user.shown}) for user in users),
    }
    return Check(JUDGED, *_judged_verdict(numbers), numbers)


def _item_count(user: JudgedItemsOfUser) -> int:
    return len(user.wanted) + len(user.unwanted)


def _judged_verdict(numbers: dict[str, int]) -> tuple[Verdict, str]:
    n = numbers["n"]
    findings = {
        "an_item_twice": "judge an item twice",
        "unwanted_touched": "judge an item they touched as an unwanted one",
        "unwanted_shown": "judge an unwanted item that the dialogue has shown",
        "not_held_out": "judge a wanted item that is not held out of their own sequence",
    }
    for key, finding in findings.items():
        if numbers[key]:
            return Verdict.BROKEN, f"{numbers[key]} of {n} users {finding}."
    back = numbers["wanted_shown"]
    allowed = f"; {back} of them judge an item of their history again" if back else ""
    return Verdict.OK, f"Each of {n} users judges held-out items among untouched ones{allowed}."


@dataclass
class LabelCheck:
    """Collects the requests about one item each, and finds lines that separate wanted from unwanted items.

    The offer itself, with its score, is not examined: it is what the user agent judges.
    """

    _positive_lines: Counter[str] = field(default_factory=Counter)
    _negative_lines: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    positives: int = 0
    """Requests about wanted items."""
    headings: Headings = HEADINGS
    """Those of the run's requests."""

    def add(self, messages: Sequence[Message], *, label: bool) -> None:
        """Adds a request as it was sent; `label`: whether its item is wanted."""
        self.requests += 1
        self.positives += label
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        offer, headed = self.headings.recommendation, lines_of(texts, self.headings)
        lines = {line for heading, line in headed if heading != offer and line.strip()}
        (self._positive_lines if label else self._negative_lines).update(lines)

    def check(self) -> Check:
        """A line reveals the label when it occurs with one label only, more often than in one fair run in a thousand.

        With a share w of wanted items, a line of k requests occurs with wanted ones alone by chance w^k of the time;
        the limit is divided by the number of lines examined (Bonferroni).
        """
        if not self.requests:
            return not_checked(LABELS, "Nothing is judged.")
        lines = {*self._positive_lines, *self._negative_lines}
        revealing = [line for line in lines if self._chance(line) < RARE / len(lines)]
        numbers = {
            "requests": self.requests,
            "wanted": self.positives,
            "lines": len(lines),
            "telling": len(revealing),
        }
        if revealing:
            first = min(revealing, key=lambda line: (self._chance(line), line))
            text = f"{len(revealing)} lines occur with one label only: {first[:80]!r} reveals the label."
            return Check(LABELS, Verdict.BROKEN, text, numbers)
        return Check(LABELS, Verdict.OK, f"No line of {self.requests} requests reveals a label.", numbers)

    def _chance(self, line: str) -> float:
        share = self.positives / self.requests
        if self._positive_lines[line] and self._negative_lines[line]:
            return 1.0
        return share ** self._positive_lines[line] * (1 - share) ** self._negative_lines[line]
