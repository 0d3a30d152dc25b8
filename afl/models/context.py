"""The input of the factories of recommender and reward model plug-ins."""

from dataclasses import dataclass
from pathlib import Path

from afl.data.dataset import Dataset
from afl.ports import Progress


@dataclass(frozen=True, slots=True)
class ModelContext:
    """A factory registered under `afl.recommenders` or `afl.reward_models` is called with one of these."""

    name: str
    """The name it was looked up under: `sasrec`."""
    argument: str | None
    """The part after the colon: for trained models their seed or settings, for `file` the path."""
    dataset: Dataset
    models_dir: Path
    """The folder of checkpoints."""
    default_seed: int
    """The training seed where `argument` gives none; not the seed of the study."""
    progress: Progress

    @property
    def seed(self) -> int:
        """The training seed: the argument where it is a number, else the default."""
        return int(self.argument) if self.argument and _is_seed(self.argument) else self.default_seed

    @property
    def model_argument(self) -> str | None:
        """The argument for the model, or None where it is a seed."""
        return None if self.argument is None or _is_seed(self.argument) else self.argument


def _is_seed(argument: str) -> bool:
    return argument.isascii() and argument.isdigit() and len(argument) <= 9
