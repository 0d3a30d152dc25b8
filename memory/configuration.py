"""Comparing what a run was begun with to what it is continued with."""

import json
from typing import Any

from afl.errors import ConflictError

_ABSENT = object()


def require_equal(name: str, kept: Any, given: Any) -> None:
    """Raises `ConflictError` naming the first key in which two configurations of a run differ."""
    difference = _first_difference(kept, given)
    if difference:
        key, has, got = difference
        raise ConflictError(
            f"run {name!r} has {key}={_said(has)}, got {key}={_said(got)}; choose another --run name"
        )


def _first_difference(kept: Any, given: Any, path: str = "") -> tuple[str, Any, Any] | None:
    """Dotted key and both values of the first leaf that differs."""
    if not (isinstance(kept, dict) and isinstance(given, dict)):
        return None if kept == given else (path, kept, given)
    for key in [*kept, *(key for key in given if key not in kept)]:
        inner = f"{path}.{key}" if path else key
        difference = _first_difference(kept.get(key, _ABSENT), given.get(key, _ABSENT), inner)
        if difference:
            return difference
    return None


def _said(value: Any) -> str:
    return "nothing" if value is _ABSENT else json.dumps(value, ensure_ascii=False)
