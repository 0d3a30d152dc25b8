"""Changes that people make to a knowledge base by hand; nothing is forgotten of what was there before."""

from collections.abc import Sequence
from dataclasses import replace

from afl.data.catalogue import one_line
from afl.errors import UsageError
from afl.hints.hint_records import HintRecord, Origin, Status, accepted_hints

MANUAL = "hand"
"""The source of hints that a person wrote."""
LONGEST = 1000
"""Characters of a hint."""

HintRecords = tuple[HintRecord, ...]


def add_hint(trials: Sequence[HintRecord], text: str) -> HintRecords:
    """The trials and one more hint, behind the others. Raises `UsageError` for a text that is none."""
    number = len(accepted_hints(trials)) + 1
    return (*trials, HintRecord(clean_hint_text(text), Status.ACCEPTED, number, origin=Origin(source=MANUAL)))


def reword_hint(trials: Sequence[HintRecord], number: int, text: str) -> HintRecords:
    """The trials with other words for a hint, which keeps its number; its old words stay as a removed one."""
    old = _numbered(trials, number)
    new = HintRecord(
        clean_hint_text(text), Status.ACCEPTED, number, session=old.session, origin=Origin(source=MANUAL)
    )
    return (*(_taken_out(trial, "reworded by hand") if trial is old else trial for trial in trials), new)


def remove_hint(trials: Sequence[HintRecord], number: int) -> HintRecords:
    """The trials without a hint; those behind it move up by one."""
    old = _numbered(trials, number)
    return tuple(
        _taken_out(trial, "removed by hand") if trial is old else _moved_up(trial, number) for trial in trials
    )


def clean_hint_text(text: str) -> str:
    """The text on one line. Raises `UsageError` where nothing is left of it, or it is too long for a hint."""
    line = one_line(text)
    if not line:
        raise UsageError("got a hint without words, expected a sentence")
    if len(line) > LONGEST:
        raise UsageError(f"got a hint of {len(line)} characters, expected at most {LONGEST}: {line[:60]!r} ...")
    return line


def _numbered(trials: Sequence[HintRecord], number: int) -> HintRecord:
    found = next((trial for trial in trials if trial.number == number), None)
    if found is None:
        raise UsageError(f"got hint number {number}, expected 1 to {len(accepted_hints(trials))}")
    return found


def _taken_out(trial: HintRecord, why: str) -> HintRecord:
    return replace(trial, status=Status.REMOVED, number=None, why=why)


def _moved_up(trial: HintRecord, number: int) -> HintRecord:
    if trial.number is None or trial.number < number:
        return trial
    return replace(trial, number=trial.number - 1)
