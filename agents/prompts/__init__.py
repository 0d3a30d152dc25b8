"""The words agents are asked with: one text file per piece, filled with a domain's wording.

Only the known fields are replaced, once: what is filled in is never looked at again, so a title or a reason
that holds `$item` stays what it is.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from string import Template

from afl.errors import UsageError
from afl.types import Domain

WORDS = ("domain", "item", "items", "verb", "past", "person")
FIELDS = frozenset({*WORDS, "problem", "count", "entries"})

# fmt: off
DIALOGUE = frozenset({
    "recommendation.answer", "recommendation.question", "recommendation.system", "repair", "user.answer",
    "user.question_alone", "user.question_listed", "user.score", "user.system",
})
# fmt: on
"""The pieces a dialogue asks with. Others enter a run's hash where they are used, so that they can be added."""


@dataclass(frozen=True)
class Prompts:
    """The pieces by name (`user.system`, `repair`, ...), as they stand in the files."""

    texts: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path | None = None) -> "Prompts":
        """The built-in pieces; files in `folder` replace those of the same name.

        Raises `UsageError` for a file that replaces nothing, or holds a field that nobody fills.
        """
        texts = {
            Path(file.name).stem: file.read_text(encoding="utf-8").strip()
            for file in resources.files(__name__).iterdir()
            if file.name.endswith(".txt")
        }
        for path in sorted(folder.glob("*.txt")) if folder else ():
            if path.stem not in texts:
                raise UsageError(f"got prompt {path.name}, expected one of: {', '.join(sorted(texts))} (.txt)")
            texts[path.stem] = _checked(path)
        return cls(texts)

    def fill(self, name: str, domain: Domain, **fields: str) -> str:
        """The piece with the domain's words and the given fields in place."""
        if not fields:  # as most pieces of most requests
            return self._filled(name, domain)
        return self._templates[name].substitute(_words(domain) | fields)

    def hash(self, *also: str) -> str:
        """SHA-256 (hex) over names and texts of what a dialogue asks with; part of what a run is fixed by.

        `also` names further pieces a run asks with, or groups of them: `ranking` for `ranking.system` and the like.
        """
        used = [piece for piece in self.texts if piece in DIALOGUE or piece.split(".")[0] in also or piece in also]
        texts = [(piece, self.texts[piece]) for piece in sorted(used)]
        return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def _filled(self) -> Callable[[str, Domain], str]:
        return cache(lambda name, domain: self._templates[name].substitute(_words(domain)))

    @cached_property
    def _templates(self) -> dict[str, Template]:
        return {name: Template(text) for name, text in self.texts.items()}


def prompts_hash(*also: str, prompts: Prompts | None = None) -> str:
    """SHA-256 (hex) over the prompts a run asks with, built in unless others are given: see `Prompts.hash`."""
    return (prompts or Prompts.load()).hash(*also)


def _words(domain: Domain) -> dict[str, str]:
    said = (domain.name, domain.item, domain.items, domain.verb, domain.past, domain.person)
    return dict(zip(WORDS, said, strict=True))


def _checked(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    template = Template(text)
    unknown = set(template.get_identifiers()) - FIELDS
    if unknown or not template.is_valid():
        got = f"${min(unknown)}" if unknown else "a lone $ (write $$ for the sign)"
        raise UsageError(f"{path}: got {got}, expected only ${', $'.join(sorted(FIELDS))}")
    return text
