"""Hints, and knowledge bases of them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import log2
from typing import Any, NamedTuple, Self

from afl.data.catalogue import one_line
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


class HintStatus(StrEnum):
    """The outcome of a proposed hint."""

    ACCEPTED = "accepted"
    """It is in the knowledge base."""
    LEAK = "leak"
    """It names a title of the lists it came from."""
    INEFFECTIVE = "ineffective"
    """It did not fix its own session's list, or helped no other session."""
    REDUNDANT = "redundant"
    """A hint in the base says the same."""
    SPARE = "spare"
    """The base was already full."""
    UNANSWERED = "unanswered"
    """The model gave no usable reply to one of the filters."""
    REMOVED = "removed"
    """It was removed or reworded by hand."""


class Effect(NamedTuple):
    """The effect of a hint on the list of one session."""

    session: str
    before: int | None
    """The target's rank without a hint, from 1; None where it is not in the list."""
    after: int | None
    """Its rank with the hint."""

    @property
    def gain(self) -> float:
        """NDCG with the hint minus NDCG without it, over the whole list."""
        return _discounted(self.after) - _discounted(self.before)


def _discounted(rank: int | None) -> float:
    return 0.0 if rank is None else 1 / log2(rank + 1)


@dataclass(frozen=True, slots=True)
class HintOrigin:
    """Where a hint comes from, and its effects."""

    mistakes: tuple[str, ...] = ()
    """What the model thinks it did wrong, without seeing the target."""
    causes: tuple[str, ...] = ()
    """What it gives as the cause, seeing the target."""
    own_effect: Effect | None = None
    """On the session it was drawn from."""
    other_effects: tuple[Effect, ...] = ()
    """On other sessions."""
    source: str | None = None
    """`hand`, or the name of the file it was imported from; None for hints drawn by the model."""

    def to_json(self) -> dict[str, Any]:
        record: dict[str, Any] = {"mistakes": list(self.mistakes), "causes": list(self.causes)}
        record["own"] = None if self.own_effect is None else self.own_effect._asdict()
        record["others"] = [effect._asdict() for effect in self.other_effects]
        record["source"] = self.source
        return {key: value for key, value in record.items() if value}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """The origin whose `to_json` gave this record."""
        own_effect = record.get("own")
        return cls(
            mistakes=tuple(record.get("mistakes", ())),
            causes=tuple(record.get("causes", ())),
            own_effect=None if own_effect is None else Effect(**own_effect),
            other_effects=tuple(Effect(**effect) for effect in record.get("others", ())),
            source=record.get("source"),
        )


@dataclass(frozen=True, slots=True)
class HintRecord:
    """A proposed hint and its outcome."""

    text: str
    status: HintStatus
    number: int | None = None
    """Its number in the knowledge base, from 1; None where it was not accepted."""
    reason: str = ""
    """Why it was rejected, in words."""
    session: str | None = None
    """The session it was drawn from."""
    origin: HintOrigin = field(default_factory=HintOrigin)


def accepted_hints(records: Sequence[HintRecord]) -> tuple[Hint, ...]:
    """The hints of the knowledge base, by number."""
    return tuple(sorted(Hint(record.number, record.text) for record in records if record.number is not None))


MANUAL = "hand"
"""The source of hints that a person wrote."""
MAX_CHARACTERS = 1000
"""Maximum length of a hint."""

HintRecords = tuple[HintRecord, ...]


def add_hint(records: Sequence[HintRecord], text: str) -> HintRecords:
    """The records with one more hint at the end. Raises `UsageError` for an invalid text."""
    number = len(accepted_hints(records)) + 1
    origin = HintOrigin(source=MANUAL)
    return (*records, HintRecord(clean_hint_text(text), HintStatus.ACCEPTED, number, origin=origin))


def reword_hint(records: Sequence[HintRecord], number: int, text: str) -> HintRecords:
    """The records with a new text for a hint, which keeps its number; the old text stays as a removed hint."""
    old = _with_number(records, number)
    origin = HintOrigin(source=MANUAL)
    new = HintRecord(clean_hint_text(text), HintStatus.ACCEPTED, number, session=old.session, origin=origin)
    return (*(_as_removed(record, "reworded by hand") if record is old else record for record in records), new)


def remove_hint(records: Sequence[HintRecord], number: int) -> HintRecords:
    """The records with a hint removed; the numbers of the hints after it decrease by one."""
    old = _with_number(records, number)
    return tuple(
        _as_removed(record, "removed by hand") if record is old else _renumbered(record, number)
        for record in records
    )


def clean_hint_text(text: str) -> str:
    """The text on one line. Raises `UsageError` where it is empty or too long."""
    line = one_line(text)
    if not line:
        raise UsageError("got an empty hint, expected a sentence")
    if len(line) > MAX_CHARACTERS:
        raise UsageError(
            f"got a hint of {len(line)} characters, expected at most {MAX_CHARACTERS}: {line[:60]!r} ..."
        )
    return line


def _with_number(records: Sequence[HintRecord], number: int) -> HintRecord:
    record = next((record for record in records if record.number == number), None)
    if record is None:
        raise UsageError(f"got hint number {number}, expected 1 to {len(accepted_hints(records))}")
    return record


def _as_removed(record: HintRecord, reason: str) -> HintRecord:
    return replace(record, status=HintStatus.REMOVED, number=None, reason=reason)


def _renumbered(record: HintRecord, removed: int) -> HintRecord:
    if record.number is None or record.number < removed:
        return record
    return replace(record, number=record.number - 1)
