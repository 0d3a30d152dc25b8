"""Manual changes of a knowledge base: adding, rewording and removing hints; removed hints stay on record."""

from collections.abc import Sequence
from dataclasses import replace

from afl.data.catalogue import one_line
from afl.errors import UsageError
from afl.hints.hint_records import HintOrigin, HintRecord, HintStatus, accepted_hints

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
