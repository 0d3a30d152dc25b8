"""Looks plug-ins up by name (entry points); the built-in parts are registered the same way.

Groups: `afl.importers`, `afl.models`, `afl.recommenders`, `afl.reward_models`, `afl.tools`, `afl.agents`,
`afl.encoders`, `afl.engines`, `afl.llms`.
"""

import os
import sys
from functools import lru_cache
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, NamedTuple

from afl.errors import UsageError, unknown_name


class PluginSpec(NamedTuple):
    """`NAME[:ARG]` as typed on the command line."""

    name: str
    argument: str | None

    def __str__(self) -> str:
        return self.name if self.argument is None else f"{self.name}:{self.argument}"


def parse_spec(text: str) -> PluginSpec:
    """Splits `NAME[:ARG]` at the first colon."""
    name, colon, argument = text.partition(":")
    if not name or (colon and not argument):
        raise UsageError(f"got {text!r}, expected NAME or NAME:ARG")
    return PluginSpec(name, argument if colon else None)


def entry_points_of(group: str) -> EntryPoints:
    """What installed packages register in a group."""
    return _entry_points(group, tuple((folder, _modified(folder)) for folder in sys.path))


@lru_cache(maxsize=64)
def _entry_points(group: str, folders: tuple[tuple[str, int], ...]) -> EntryPoints:
    """Read once as long as no package is installed or removed, since reading takes milliseconds."""
    return entry_points(group=group)


def _modified(folder: str) -> int:
    try:
        return os.stat(folder or ".").st_mtime_ns
    except OSError:
        return 0


def plugin_names(group: str) -> list[str]:
    """The names registered in a group, sorted."""
    return sorted(entry_points_of(group).names)


def load_plugin(group: str, name: str) -> Any:
    """The object registered under `name`; `NotFoundError` suggests existing names."""
    point: EntryPoint | None = next(iter(entry_points_of(group).select(name=name)), None)
    if point is None:
        kind = group.removeprefix("afl.").rstrip("s").replace("_", " ")
        raise unknown_name(kind, name, plugin_names(group))
    return point.load()
