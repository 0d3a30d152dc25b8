"""Which engine plays: options that change from call to call, and no result."""

from collections.abc import Mapping
from typing import Any, TypedDict

from afl import plugins
from simulations.engines.base import Engine, EngineContext
from simulations.execution.limits import LimitOptions

GROUP = "afl.engines"
LOCAL = "local"


class EngineOptions(TypedDict, total=False):
    """Options of every command that plays sessions."""

    engine: str | None
    """`local`, this process; `ray`, many; or what a plug-in registered."""
    workers: int | None
    """Processes of `ray`; as many as there are processors by default."""
    address: str | None
    """Of a cluster, or `auto` for the one of this machine; by default one is started and ended with the command."""


class PlayingOptions(LimitOptions, EngineOptions, total=False):
    """How sessions are played: limits, budgets, time limits and the engine."""


def engine(options: Mapping[str, Any]) -> Engine:
    """The engine that is named; not yet started."""
    context = EngineContext(options.get("workers"), options.get("address"))
    made: Engine = plugins.load_plugin(GROUP, options.get("engine") or LOCAL)(context)
    return made
