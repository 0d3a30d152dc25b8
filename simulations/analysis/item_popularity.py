"""Popularity of items in the data that the models of a run learned from, and what a session was recommended last."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afl.data.dataset import Split
from afl.errors import AFLError
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.popularity import GROUPS, popularity_groups
from afl.types import Outcome
from memory.records import SessionRecord
from simulations.task.training_data import recorded_training_data, training_data

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetStore
    from memory.aggregates import ItemAggregate


@dataclass(frozen=True, slots=True)
class PopularityShares:
    """Last recommendations of completed sessions up to a round, by popularity group."""

    round: int
    shares: Mapping[str, Estimate]
    """`top`, `middle`, `bottom` -> share."""


@dataclass(frozen=True, slots=True)
class FrequentItem:
    """A title that is recommended often."""

    item: str
    group: str | None
    """`top`, `middle`, `bottom`; None where the data set is not available."""
    by_round: tuple[int, ...]
    """Completed sessions it was recommended to, by round."""


def groups_by_title(config: Mapping[str, Any], library: "DatasetStore") -> dict[str, int] | None:
    """Title -> index in `afl.metrics.popularity.GROUPS`, for a run with this configuration.

    None where the data set is no longer in the library, has changed, or has no training sequences.
    """
    try:
        dataset = library.load(str(config.get("dataset")))
        training = recorded_training_data(training_data(library, dataset, config.get("train_on")), config)
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
    items = [
        turn.item
        for turn in record.dialogue
        if turn.outcome is Outcome.OK and turn.item is not None and turn.key.round <= number
    ]
    return items[-1] if items else None


def popularity_by_round(
    tallies: "Sequence[ItemAggregate]", groups: Mapping[str, int], rounds: int
) -> tuple[PopularityShares, ...]:
    """The shares after every round; `groups`: title -> index in `GROUPS`, other titles do not count."""
    return tuple(_popularity(tallies, groups, number) for number in range(1, rounds + 1))


def _popularity(tallies: "Sequence[ItemAggregate]", groups: Mapping[str, int], number: int) -> PopularityShares:
    counts = [0] * len(GROUPS)
    for tally in tallies:
        last = tally.round == number or (tally.round < number and tally.ended)
        if last and tally.item in groups:
            counts[groups[tally.item]] += tally.sessions
    return PopularityShares(
        number, {name: wilson(count, sum(counts)) for name, count in zip(GROUPS, counts, strict=True)}
    )


def frequent_items(
    tallies: "Sequence[ItemAggregate]", groups: Mapping[str, int], rounds: int, *, most: int = 10
) -> tuple[FrequentItem, ...]:
    """The titles that are recommended most often, all rounds together."""
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for tally in tallies:
        counts[tally.item][tally.round] += tally.sessions
    most_frequent = sorted(counts.items(), key=lambda entry: (-entry[1].total(), entry[0]))[:most]
    return tuple(
        FrequentItem(
            item,
            GROUPS[groups[item]] if item in groups else None,
            tuple(by_round[number] for number in range(1, rounds + 1)),
        )
        for item, by_round in most_frequent
    )
