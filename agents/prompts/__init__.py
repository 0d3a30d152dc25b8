"""The prompt texts of the agents: one file per text, filled with the wording of a domain.

Only the known fields are replaced, in one pass: a `$item` in a title or a reason that is filled in stays unchanged.
The table of all texts is `agents.prompts.texts`.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from string import Template

from afl.prompt_headings import Headings
from afl.types import Domain
from agents.prompts.replacements import check_texts, headings_of, read_replacements
from agents.prompts.texts import BUILTIN_HEADINGS

# fmt: off
DIALOGUE = frozenset({
    "recommendation.answer", "recommendation.question", "recommendation.system", "repair", "user.answer",
    "user.question_alone", "user.question_listed", "user.score", "user.system",
})
# fmt: on
"""The texts of a dialogue. Others are part of a run's hash only if the run uses them, so that new ones can be added."""
STRUCTURED = "structured"
"""The group of answer formats as JSON objects, which stand in for those of the same name without `_json`."""


@dataclass(frozen=True)
class Prompts:
    """Prompt texts with fields, by name (`user.system`, `repair`, `heading.history`, ...)."""

    texts: Mapping[str, str]

    @classmethod
    def load(cls, folder: Path | str | None = None) -> "Prompts":
        """The built-in texts; files in `folder` replace those of the same name.

        Raises `UsageError` for a folder that does not exist, a file of an unknown name or an unknown field.
        """
        return cls(_builtin_texts() if folder is None else {**_builtin_texts(), **read_replacements(Path(folder))})

    @classmethod
    def replacing(cls, texts: Mapping[str, str]) -> "Prompts":
        """The built-in texts with these in place of those of the same name. Raises `UsageError` as `load` does."""
        check_texts(texts)
        return cls({**_builtin_texts(), **texts})

    @property
    def replaced(self) -> dict[str, str]:
        """The texts that differ from the built-in ones, by name."""
        builtin = _builtin_texts()
        return {name: text for name, text in sorted(self.texts.items()) if text != builtin.get(name)}

    def only(self, names: Collection[str]) -> "Prompts":
        """The built-in texts, but for those of these names."""
        return Prompts({**_builtin_texts(), **{name: self.texts[name] for name in names if name in self.texts}})

    @cached_property
    def headings(self) -> Headings:
        """The headings of the sections of a request."""
        return headings_of(self.texts)

    def fill(self, name: str, domain: Domain, **fields: str) -> str:
        """The text with the domain's wording and these fields filled in."""
        if not fields:  # most texts of most requests
            return self._filled(name, domain)
        return self._templates[name].substitute(_wording(domain) | fields)

    def hash(self, *groups: str) -> str:
        """SHA-256 (hex) over names and texts of a dialogue's prompts; part of a run's identity.

        `groups` adds further texts that a run uses, by name or by group: `ranking` for `ranking.system` etc.; with
        `structured`, those of answers as JSON objects. Headings count where they are not the built-in ones.
        """
        used = [name for name in self.texts if _is_used(name, groups)]
        used += [name for name in self.replaced if name in BUILTIN_HEADINGS]
        # Earlier versions had one field, `$past`, for participle and past tense: their runs keep their hash.
        builtin = _builtin_texts()
        texts = [
            (name, text.replace("$past_tense", "$past") if text == builtin.get(name) else text)
            for name in sorted(used)
            for text in [self.texts[name]]
        ]
        return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()

    @cached_property
    def _filled(self) -> Callable[[str, Domain], str]:
        return cache(lambda name, domain: self._templates[name].substitute(_wording(domain)))

    @cached_property
    def _templates(self) -> dict[str, Template]:
        return {name: Template(text) for name, text in self.texts.items()}


def prompts_hash(*groups: str, prompts: Prompts | None = None) -> str:
    """SHA-256 (hex) over the prompts of a run, by default the built-in ones: see `Prompts.hash`."""
    return (prompts or Prompts.load()).hash(*groups)


def _is_used(name: str, groups: Collection[str]) -> bool:
    plain, json_mark, _ = name.partition("_json")
    is_used = plain in DIALOGUE or name.split(".")[0] in groups or plain in groups
    return is_used and (not json_mark or STRUCTURED in groups)


@cache
def _builtin_texts() -> Mapping[str, str]:
    files = (file for file in resources.files(__name__).iterdir() if file.name.endswith(".txt"))
    return {Path(file.name).stem: file.read_text(encoding="utf-8").strip() for file in files} | BUILTIN_HEADINGS


def _wording(domain: Domain) -> dict[str, str]:
    return {
        "domain": domain.name,
        "item": domain.item,
        "items": domain.items,
        "verb": domain.verb,
        "past": domain.participle,
        "past_tense": domain.past,
        "person": domain.person,
    }
