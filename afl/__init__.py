"""AFL: domain types, data sets, models, language models and metrics for simulated dialogues with a recommender.

This package imports none of the others. `simulations` joins it with `agents` and `memory`; its functions
(`simulations.simulate`, `simulations.train`, ...) are what the command line calls.
"""

from afl.errors import AFLError
from afl.types import Domain, Outcome, Role, SessionView, Turn

__version__ = "0.1.0"

__all__ = ["AFLError", "Domain", "Outcome", "Role", "SessionView", "Turn", "__version__"]
