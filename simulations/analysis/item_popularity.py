"""Which titles are widely known, in the data that the models of a run learned from."""

from collections.abc import Mapping
from typing import Any

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.errors import AFLError
from afl.metrics.popularity import popularity_groups
from simulations.task.training_data import as_learned, training_data


def groups_by_title(config: Mapping[str, Any], library: DatasetStore) -> dict[str, int] | None:
    """Title -> its place in `afl.metrics.popularity.GROUPS`, for a run begun with `config`.

    None where the data set is gone from the library, has changed, or has nothing to learn from.
    """
    try:
        dataset = library.load(str(config.get("dataset")))
        training = as_learned(training_data(library, dataset, config.get("train_on")), config)
    except AFLError:
        return None
    if dataset.hash != config.get("dataset_hash") or training is None or not len(training.splits[Split.TRAIN]):
        return None
    groups = popularity_groups(training.splits[Split.TRAIN].items, items=len(dataset.catalogue))
    return dict(zip(dataset.catalogue.titles, groups.tolist(), strict=True))
