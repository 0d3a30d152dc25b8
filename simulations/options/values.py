"""Checks of values that several options share."""

from collections.abc import Sequence

from afl.errors import UsageError


def at_least(option: str, value: int, least: int) -> None:
    """Raises `UsageError` for a value below the least that makes sense."""
    if value < least:
        raise UsageError(f"--{option}: got {value}, expected at least {least}")


def one_of(option: str, value: str, choices: Sequence[str]) -> None:
    """Raises `UsageError` for a value that is none of these."""
    if value not in choices:
        raise UsageError(f"--{option}: got {value!r}, expected one of: {', '.join(choices)}")
