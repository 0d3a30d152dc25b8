"""Hints and the knowledge base they belong to."""

import hashlib
import json
from dataclasses import dataclass
from typing import NamedTuple


class Hint(NamedTuple):
    """A piece of advice for the recommendation agent."""

    number: int
    """From 1, in order of acceptance; 0 is no hint, everywhere."""
    text: str


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The hints that one language model drew from its mistakes on one data set."""

    name: str
    dataset: str
    llm: str
    hints: tuple[Hint, ...]

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over the texts, in order."""
        return hashlib.sha256(json.dumps([hint.text for hint in self.hints]).encode()).hexdigest()
