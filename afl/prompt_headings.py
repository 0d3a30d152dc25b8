"""The headings of the sections of a request: the same in every prompt, and used to parse stored requests.

They are prompts, too: a run may have others (`heading.history` etc. of `agents.prompts`), by which its requests are
read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Headings:
    """The headings of the requests of a run; by default the built-in ones."""

    history: str = "History, oldest first:"
    candidates: str = "Candidates:"
    advice: str = "Advice:"
    refused: str = "Refused so far:"
    recommendation: str = "Recommendation:"
    """Begins the line of the offered item; so do the next three that of a reason or a score."""
    recommended_because: str = "Recommended because:"
    refused_because: str = "Refused because:"
    reward_score: str = "Reward score:"
    chosen: str = "Chosen next:"
    hints_so_far: str = "Hints so far:"
    new_hint: str = "New hint:"

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """The headings with these in place of the built-in ones; other names are ignored."""
        return cls(**{field.name: texts[field.name] for field in fields(cls) if field.name in texts})


HEADINGS = Headings()
"""The built-in headings."""
BEGIN_A_LINE = ("recommendation", "recommended_because", "refused_because", "reward_score")
"""Headings that are followed by text on the same line; the others stand alone on theirs."""
