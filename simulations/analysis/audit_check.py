"""What a check of the audit comes back with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How a check ended."""

    OK = "ok"
    SUSPICIOUS = "suspicious"
    """Chance or a fair set-up hardly gives this; somebody should look."""
    BROKEN = "broken"
    """The target has leaked, or the task is not what it says it is."""
    NOT_CHECKED = "not checked"
    """What the check needs is not there; the text says what."""


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict, one sentence for people, and the numbers behind it."""

    name: str
    verdict: Verdict
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Nothing was found, or nothing could be looked at."""
        return self.verdict in (Verdict.OK, Verdict.NOT_CHECKED)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "text": self.text,
            "numbers": dict(self.numbers),
        }


def not_checked(name: str, why: str) -> Check:
    """A check that lacks what it needs."""
    return Check(name, Verdict.NOT_CHECKED, why)
