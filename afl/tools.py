"""What a recommender tool plug-in is given to build itself from."""

from dataclasses import dataclass

from afl.data.dataset import Dataset
from afl.settings import Settings


@dataclass(frozen=True, slots=True)
class ToolContext:
    """A factory registered under `afl.tools` is called with one of these and returns a `RecommenderTool`."""

    argument: str | None
    """What followed the colon in `--tool NAME:ARGUMENT`."""
    dataset: Dataset
    settings: Settings
