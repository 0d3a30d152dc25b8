"""The input of the factory of a recommender tool plug-in."""

from dataclasses import dataclass

from afl.data.dataset import Dataset
from afl.settings import Settings


@dataclass(frozen=True, slots=True)
class ToolContext:
    """A factory registered under `afl.tools` is called with one of these and returns a `RecommenderTool`."""

    argument: str | None
    """The part after the colon of `--tool NAME:ARGUMENT`."""
    dataset: Dataset
    settings: Settings
