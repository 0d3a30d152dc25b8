"""A journal and a cost ledger in memory, for as long as the process lives."""

from collections.abc import Iterable

from afl.types import CallKey, JournalEntry, Spending


class MemoryJournal:
    """An `afl.ports.Journal` in a dictionary, `entries`.

    Recording over a reply raises `ValueError`: a reply that was paid for is never replaced.
    """

    def __init__(self, entries: Iterable[JournalEntry] = ()) -> None:
        self.entries: dict[CallKey, JournalEntry] = {entry.key: entry for entry in entries}

    async def find(self, key: CallKey) -> JournalEntry | None:
        return self.entries.get(key)

    async def record(self, entry: JournalEntry) -> None:
        earlier = self.entries.get(entry.key)
        if earlier is not None and not earlier.reply.outcome.retried_on_continuation:
            raise ValueError(f"{entry.key} is already recorded as {earlier.reply.outcome}")
        self.entries[entry.key] = entry


class MemoryLedger:
    """An `afl.ports.CostLedger`; `saved` is what was saved last."""

    def __init__(self) -> None:
        self.saved = Spending()

    async def save(self, unconfirmed: Spending) -> None:
        self.saved = unconfirmed
