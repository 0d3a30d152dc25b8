"""The result of a check of the audit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The verdict of a check."""

    OK = "ok"
    SUSPICIOUS = "suspicious"
    """Improbable under a fair set-up: worth a look."""
    BROKEN = "broken"
    """The target has leaked, or the task is not what it claims to be."""
    NOT_CHECKED = "not checked"
    """Data that the check needs is missing; the text says which."""


@dataclass(frozen=True, slots=True)
class Check:
    """A verdict, one sentence that explains it, and the numbers behind it."""

    name: str
    verdict: Verdict
    text: str
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing was found, or nothing could be checked."""
        return self.verdict in (Verdict.OK, Verdict.NOT_CHECKED)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "verdict": self.verdict.value,
            "text": self.text,
            "numbers": dict(self.numbers),
        }


def not_checked(name: str, reason: str) -> Check:
    """A check whose data is missing."""
    return Check(name, Verdict.NOT_CHECKED, reason)
