"""The data set that models learn from: that of the sessions, or one over the same catalogue."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afl.data.dataset import Dataset, Split
from afl.errors import UsageError
from simulations.options.run_options import RunOptions

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetStore


RECOMMENDER_SEED = 1
REWARD_SEED = 2


def training_data(library: "DatasetStore", dataset: Dataset, train_on: str | None) -> Dataset:
    """The data set named by `--train-on`; without one, the data set itself if it has training sequences.

    For a data set of test sessions alone, it is the imported one with the same catalogue; without one, the data set
    itself, and models will report what they lack. Raises `UsageError` for a data set over another
    catalogue, and where several would do.
    """
    if train_on is not None:
        dataset_named = library.load(train_on)
        if dataset_named.catalogue.hash != dataset.catalogue.hash:
            raise UsageError(
                f"--train-on: got {train_on!r}, whose catalogue is not that of {dataset.name!r}; "
                "expected a data set over the same items"
            )
        return dataset_named
    if len(dataset.splits[Split.TRAIN]):
        return dataset
    candidates = [
        other for other in _datasets_over_same_catalogue(library, dataset) if len(other.splits[Split.TRAIN])
    ]
    if len({other.hash for other in candidates}) > 1:
        names = ", ".join(other.name for other in candidates)
        raise UsageError(
            f"data set {dataset.name!r} has no training sequences, and several fit: {names}; name one with --train-on"
        )
    return candidates[0] if candidates else dataset


def recorded_training_data(named: Dataset, config: Mapping[str, Any]) -> Dataset | None:
    """What the models of a run with this configuration learned from in a data set; None where it has changed."""
    learned = config.get("training_hash", config.get("dataset_hash"))
    if named.hash == learned:
        return named
    held_out = RunOptions.resolve({}, recorded=config).held_out
    without = named.without_targets(held_out=held_out)
    return without if without.hash == learned else None


def _datasets_over_same_catalogue(library: "DatasetStore", dataset: Dataset) -> list[Dataset]:
    return [library.load(name) for name in library.with_catalogue(dataset.catalogue) if name != dataset.name]
