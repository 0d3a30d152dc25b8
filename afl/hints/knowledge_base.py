"""Hints, and knowledge bases of them."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from afl.errors import UsageError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def require_name(name: str) -> str:
    """The name unchanged, if it is valid for a knowledge base; it also names the folders of policies.

    Raises `UsageError` for an invalid name.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"got {name!r} as the name of a knowledge base, expected letters, digits, dots, dashes and underscores"
        )
    return name


class Hint(NamedTuple):
    """A piece of advice for the recommendation agent."""

    number: int
    """From 1, in order of acceptance; 0 is no hint, everywhere."""
    text: str


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The hints that a language model drew from its mistakes on a data set."""

    name: str
    dataset: str
    llm: str
    hints: tuple[Hint, ...]

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over the texts, in order."""
        return hashlib.sha256(json.dumps([hint.text for hint in self.hints]).encode()).hexdigest()
