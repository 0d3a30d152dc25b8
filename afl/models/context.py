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
