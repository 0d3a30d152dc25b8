"""What a recommender or reward model plug-in is given to build itself from."""

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
    """What followed the colon; for trained models their seed, for `file` the path."""
    dataset: Dataset
    models_dir: Path
    """Where trained checkpoints are kept."""
    default_seed: int
    """The model's own seed where `argument` gives none; never the study's."""
    progress: Progress
