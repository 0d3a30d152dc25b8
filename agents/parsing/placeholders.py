"""The answer formats of the prompts, which small models copy instead of answering."""

import re
from functools import cache

from agents.matching import letters_and_digits
from agents.prompts import Prompts

_PLACEHOLDER = re.compile(r"<([^<>]+)>")
RANKING_ENTRY = "<title, exactly as listed>"
"""An entry in the answer format of a list."""


def is_placeholder(text: str) -> bool:
    """Whether the text is what a prompt's answer format has in place of an answer: `<one title, exactly as listed>`."""
    return letters_and_digits(text) in _placeholders()


@cache
def _placeholders() -> frozenset[str]:
    formats = [text for name, text in Prompts.load().texts.items() if name.endswith("answer")]
    found = [inner for text in (*formats, RANKING_ENTRY) for inner in _PLACEHOLDER.findall(text)]
    return frozenset(filter(None, map(letters_and_digits, found)))
