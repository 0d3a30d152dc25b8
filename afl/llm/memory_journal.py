"""A journal and a ledger that live as long as the process."""

from collections.abc import Iterable

from afl.types import CallKey, JournalEntry, Spending


class MemoryJournal:
    """A dictionary that obeys `afl.ports.Journal`; `entries` is open to look at.

    Recording over a kept reply raises: a reply that was paid for is never asked again.
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
    """Obeys `afl.ports.Ledger`; `kept` is what was kept last."""

    def __init__(self) -> None:
        self.saved = Spending()

    async def save(self, unconfirmed: Spending) -> None:
        self.saved = unconfirmed
