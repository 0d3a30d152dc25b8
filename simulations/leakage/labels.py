"""Does a prompt of the user-simulation task say whether the item is wanted?"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from afl.prompt_headings import RECOMMENDATION
from afl.types import Message
from simulations.analysis.audit_check import Check, Verdict, not_checked
from simulations.leakage.positions import RARE
from simulations.leakage.prompts import lines_of

NAME = "labels"


@dataclass
class LabelCheck:
    """Collects the requests that ask about one item each, and finds lines that separate wanted from unwanted items.

    The offer itself, with its score, is left out: it is what is judged.
    """

    _wanted: Counter[str] = field(default_factory=Counter)
    _unwanted: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    wanted: int = 0

    def add(self, messages: Sequence[Message], *, label: bool) -> None:
        """One request as it was sent, about an item that is wanted or not."""
        self.requests += 1
        self.wanted += label
        texts = [message["content"] for message in messages if message["role"] != "assistant"]
        lines = {line for heading, line in lines_of(texts) if heading != RECOMMENDATION and line.strip()}
        (self._wanted if label else self._unwanted).update(lines)

    def check(self) -> Check:
        """A line reveals the label when it occurs with one label only, more often than in one fair run in a thousand.

        With a share w of wanted items, a line of k requests occurs with wanted ones alone by chance w^k of the time;
        the limit is divided by the number of lines looked at.        Bonferroni
        """
        if not self.requests:
            return not_checked(NAME, "Nothing is judged.")
        lines = {*self._wanted, *self._unwanted}
        revealing = [line for line in lines if self._chance(line) < RARE / len(lines)]
        numbers = {
            "requests": self.requests,
            "wanted": self.wanted,
            "lines": len(lines),
            "telling": len(revealing),
        }
        if revealing:
            first = min(revealing, key=lambda line: (self._chance(line), line))
            text = f"{len(revealing)} lines stand with one answer only: {first[:80]!r} tells what is wanted."
            return Check(NAME, Verdict.BROKEN, text, numbers)
        return Check(
            NAME, Verdict.OK, f"No line of {self.requests} requests tells wanted from unwanted items.", numbers
        )

    def _chance(self, line: str) -> float:
        share = self.wanted / self.requests
        if self._wanted[line] and self._unwanted[line]:
            return 1.0
        return share ** self._wanted[line] * (1 - share) ** self._unwanted[line]
