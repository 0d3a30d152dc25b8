"""Which data set models learn from: the sessions' own, or one over the same catalogue."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from afl.data.dataset import Dataset, Split
from afl.errors import UsageError
from simulations.options.run_options import RunOptions

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetStore


def training_data(library: "DatasetStore", dataset: Dataset, train_on: str | None) -> Dataset:
    """The data set named by `--train-on`; without one, the data set itself if it has training sequences.

    A data set of test sessions alone borrows from the imported one with the same catalogue; where there is none, it
    is returned as it is, and models will say what they lack. Raises `UsageError` for a data set over another
    catalogue, and where several would do.
    """
    if train_on is not None:
        named = library.load(train_on)
        if named.catalogue.hash != dataset.catalogue.hash:
            raise UsageError(
                f"--train-on: got {train_on!r}, whose catalogue is not that of {dataset.name!r}; "
                "expected a data set over the same items"
            )
        return named
    if len(dataset.splits[Split.TRAIN]):
        return dataset
    fitting = [other for other in _others(library, dataset) if len(other.splits[Split.TRAIN])]
    if len({other.hash for other in fitting}) > 1:
        names = ", ".join(other.name for other in fitting)
        raise UsageError(
            f"data set {dataset.name!r} has no training sequences, and several fit: {names}; name one with --train-on"
        )
    return fitting[0] if fitting else dataset


def as_learned(named: Dataset, config: Mapping[str, Any]) -> Dataset | None:
    """Of the named data set, what the models of a run begun with `config` learned from; None where it has changed."""
    learned = config.get("training_hash", config.get("dataset_hash"))
    if named.hash == learned:
        return named
    held_out = RunOptions.given({}, recorded=config).held_out
    without = named.without_targets(held_out=held_out)
    return without if without.hash == learned else None


def _others(library: "DatasetStore", dataset: Dataset) -> list[Dataset]:
    return [library.load(name) for name in library.with_catalogue(dataset.catalogue) if name != dataset.name]
