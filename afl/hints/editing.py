"""Changes that people make to a knowledge base by hand; nothing is forgotten of what was there before."""

from collections.abc import Sequence
from dataclasses import replace

from afl.data.catalogue import one_line
from afl.errors import UsageError
from afl.hints.trials import Origin, Status, Trial, hints_of

HAND = "hand"
"""The source of hints that a person wrote."""
LONGEST = 1000
"""Characters of a hint."""

Trials = tuple[Trial, ...]


def added(trials: Sequence[Trial], text: str) -> Trials:
    """The trials and one more hint, behind the others. Raises `UsageError` for a text that is none."""
    number = len(hints_of(trials)) + 1
    return (*trials, Trial(hint_text(text), Status.ACCEPTED, number, origin=Origin(source=HAND)))


def reworded(trials: Sequence[Trial], number: int, text: str) -> Trials:
    """The trials with other words for a hint, which keeps its number; its old words stay as a removed one."""
    old = _numbered(trials, number)
    new = Trial(hint_text(text), Status.ACCEPTED, number, session=old.session, origin=Origin(source=HAND))
    return (*(_taken_out(trial, "reworded by hand") if trial is old else trial for trial in trials), new)


def removed(trials: Sequence[Trial], number: int) -> Trials:
    """The trials without a hint; those behind it move up by one."""
    old = _numbered(trials, number)
    return tuple(
        _taken_out(trial, "removed by hand") if trial is old else _moved_up(trial, number) for trial in trials
    )


def hint_text(text: str) -> str:
    """The text on one line. Raises `UsageError` where nothing is left of it, or it is too long for a hint."""
    line = one_line(text)
    if not line:
        raise UsageError("got a hint without words, expected a sentence")
    if len(line) > LONGEST:
        raise UsageError(f"got a hint of {len(line)} characters, expected at most {LONGEST}: {line[:60]!r} ...")
    return line


def _numbered(trials: Sequence[Trial], number: int) -> Trial:
    found = next((trial for trial in trials if trial.number == number), None)
    if found is None:
        raise UsageError(f"got hint number {number}, expected 1 to {len(hints_of(trials))}")
    return found


def _taken_out(trial: Trial, why: str) -> Trial:
    return replace(trial, status=Status.REMOVED, number=None, why=why)


def _moved_up(trial: Trial, number: int) -> Trial:
    if trial.number is None or trial.number < number:
        return trial
    return replace(trial, number=trial.number - 1)
