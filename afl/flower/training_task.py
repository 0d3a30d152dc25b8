"""The interface between training loop and task: batches of titles after prompts, process rewards, validation loss."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from afl.flower.language_model import LanguageModel
from afl.flower.prefix_tree import Floats, Ints, PrefixTree


class Examples(NamedTuple):
    """A batch of B titles, each after its prompt."""

    prompts: tuple[str, ...]
    titles: Ints
    """(B,) numbers of titles in the tree."""
    weights: Floats
    """(B,) weight of each title in the imitation loss; 1 by default."""
    rows: Ints
    """(B,) identifies each example within its task."""

    def part(self, start: int, stop: int, step: int = 1) -> "Examples":
        """A slice of the batch."""
        rows = slice(start, stop, step)
        return Examples(self.prompts[rows], self.titles[rows], self.weights[rows], self.rows[rows])


class TrainingTask(Protocol):
    """A task as the training loop sees it."""

    @property
    def tree(self) -> PrefixTree: ...

    def sample_batch(self, rng: np.random.Generator, size: int) -> Examples:
        """A random batch of examples."""
        ...

    def log_rewards(self, examples: Examples, nodes: Ints) -> NDArray[np.floating]:
        """(B, T) log process rewards of the steps into these nodes, finite everywhere; node -1 is off the tree."""
        ...

    def validate(self, model: LanguageModel) -> float:
        """A loss on held-out data; lower is better."""
        ...
