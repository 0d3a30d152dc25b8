"""AFL: the vocabulary and the instruments of simulated dialogues between a recommender and its user.

This package knows nobody above it. `simulations` joins it with `agents` and `memory`; its functions
(`simulations.simulate`, `simulations.train`, ...) are what the command line calls.
"""

from afl.errors import AFLError
from afl.types import Domain, Outcome, Role, SessionView, Turn

__version__ = "0.1.0"

__all__ = ["AFLError", "Domain", "Outcome", "Role", "SessionView", "Turn", "__version__"]
