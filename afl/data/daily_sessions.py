"""Daily sessions out of long sequences: a user's items of one day (Re2LLM, arXiv 2403.16427, its published code)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import groupby

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.errors import UsageError

MIN_ITEMS = 4
"""Items of a session: three before the target."""

_SECONDS_PER_DAY = 86_400


def daily_sessions(dataset: Dataset, *, name: str, least: int = MIN_ITEMS) -> Dataset:
    """A data set whose sequences are the days (UTC) of the other's users that have at least `least` items.

    A session's id is `USER@2024-01-31`, and it is in its user's split, so that no user is in two splits; all items of
    the user count as touched, so that no candidate list contains an item of the user's other days.

    Raises `UsageError` for a data set without timestamps, for one whose days are all too short, and for a `least`
    below 4: a session needs three items before its target.
    """
    if least < MIN_ITEMS:
        raise UsageError(f"--least: got {least}, expected at least {MIN_ITEMS}: three items before the target")
    untimed = [
        split.value for split in Split if len(dataset.splits[split]) and dataset.splits[split].timestamps is None
    ]
    if untimed:
        raise UsageError(
            f"data set {dataset.name!r} has no timestamps (split {untimed[0]}), so it cannot be divided into days"
        )
    days = {split: [day for user in dataset.splits[split] for day in _days(user)] for split in Split}
    sessions = {split: [day for day in days[split] if len(day.items) >= least] for split in Split}
    count, total = sum(map(len, sessions.values())), sum(map(len, days.values()))
    if not count:
        raise UsageError(f"data set {dataset.name!r}: none of {total:,} days has {least} items or more")
    return Dataset(
        name=name,
        format="sessions",
        domain=dataset.domain,
        catalogue=dataset.catalogue,
        splits={split: Sequences.of(sessions[split]) for split in Split},
        notes=_notes(dataset, count, total, least),
    )


def _notes(dataset: Dataset, count: int, total: int, least: int) -> dict[str, str]:
    return {
        "source": f"the days (UTC) of the users of {dataset.name} ({dataset.hash[:12]})",
        "left out": f"{total - count:,} of {total:,} days: fewer than {least} items",
        "split": f"the users' own: {dataset.notes.get('split', 'as imported')}",
    }


def _days(user: Sequence) -> Iterator[Sequence]:
    """One sequence per day, in time order."""
    touched = tuple(sorted(user.seen_items))
    timed = zip(user.items, user.timestamps or (), strict=True)
    for day, entries in groupby(timed, key=lambda entry: entry[1] // _SECONDS_PER_DAY):
        items, times = zip(*entries, strict=True)
        date = datetime.fromtimestamp(day * _SECONDS_PER_DAY, UTC).date()
        yield Sequence(f"{user.id}@{date}", items, times, touched=touched)
