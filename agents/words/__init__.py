"""The words by which replies are read, one file for each kind: labels, decisions, refusals, thinking, special tokens.

Each file says at its top how to add a word; docs/agents.md has an example.
"""

import tomllib
from functools import cache
from importlib import resources
from typing import Any

Marks = tuple[tuple[str, str], ...]
"""Pairs of an opening and a closing mark."""


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def words(table: str, key: str) -> tuple[str, ...]:
    """The list of this name in `TABLE.toml`."""
    return tuple(_table(table)[key])


def marks(table: str, key: str) -> Marks:
    """The list of pairs of this name in `TABLE.toml`."""
    return tuple((opening, closing) for opening, closing in _table(table)[key])
