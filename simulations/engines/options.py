"""The engine of a command, by its name."""

from afl import plugins
from simulations.engines.base import Engine, EngineContext
from simulations.options.groups import EngineOptions

GROUP = "afl.engines"


def load_engine(options: EngineOptions) -> Engine:
    """The engine that is named; not yet started."""
    made: Engine = plugins.load_plugin(GROUP, options.engine)(EngineContext(options.workers, options.address))
    return made
