"""Popularity of items in the data that the models of a run learned from, and what a session was recommended last."""

from collections.abc import Mapping
from typing import Any

from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.errors import AFLError
from afl.metrics.popularity import popularity_groups
from afl.types import Outcome
from memory.records import SessionRecord
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


def last_item(record: SessionRecord, number: int) -> str | None:
    """Title of the session's last recommendation up to this round; None where it had failed by then."""
    if not record.completed and record.rounds <= number:
        return None
    named = [
        turn.item
        for turn in record.dialogue
        if turn.outcome is Outcome.OK and turn.item is not None and turn.key.round <= number
    ]
    return named[-1] if named else None
