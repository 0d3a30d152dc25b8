"""What there is to learn: the titles of a batch after their prompts, their process rewards, and how good a model is."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import Floats, Ints, PrefixTree


class Examples(NamedTuple):
    """B titles, each after its prompt."""

    prompts: tuple[str, ...]
    titles: Ints
    """(B,) numbers of titles in the tree."""
    weights: Floats
    """(B,) of each title in the imitation term; 1 is usual."""
    rows: Ints
    """(B,) what the lesson knows the examples by."""

    def part(self, start: int, stop: int, step: int = 1) -> "Examples":
        """Some of them, in order."""
        at = slice(start, stop, step)
        return Examples(self.prompts[at], self.titles[at], self.weights[at], self.rows[at])


class TrainingTask(Protocol):
    """A task as the trainer sees it."""

    @property
    def tree(self) -> PrefixTree: ...

    def examples(self, draws: np.random.Generator, count: int) -> Examples:
        """A batch, drawn."""
        ...

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        """(B, T) log process rewards of the steps into these nodes, finite everywhere; node -1 is off the tree."""
        ...

    def validate(self, model: LanguageModel) -> float:
        """A loss on what is not learned from; lower is better."""
        ...
