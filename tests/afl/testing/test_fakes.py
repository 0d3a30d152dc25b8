"""The clock on which waiting takes no time, and the journal in memory."""

import pytest

from afl.testing import FakeClock, MemoryJournal
from afl.types import CallKey, JournalEntry, Outcome, Reply

KEY = CallKey("7", "loop", 1, "user", 0)


def entry(outcome: Outcome) -> JournalEntry:
    return JournalEntry(KEY, "0" * 64, (), Reply(outcome))


async def test_sleeping_advances_the_clock_at_once() -> None:
    clock = FakeClock(now=100.0)
    await clock.sleep(3600.0)
    assert (clock.time(), clock.monotonic(), clock.slept) == (3700.0, 3700.0, [3600.0])


async def test_the_journal_finds_what_was_recorded() -> None:
    journal = MemoryJournal()
    await journal.record(entry(Outcome.OK))
    assert await journal.find(KEY) == entry(Outcome.OK)
    assert await journal.find(KEY._replace(round=2)) is None


async def test_a_failure_is_replaced() -> None:
    journal = MemoryJournal([entry(Outcome.FAILED)])
    await journal.record(entry(Outcome.OK))
    assert await journal.find(KEY) == entry(Outcome.OK)


async def test_a_reply_that_was_paid_for_is_never_replaced() -> None:
    journal = MemoryJournal([entry(Outcome.DECLINED)])
    with pytest.raises(ValueError, match="already recorded as declined"):
        await journal.record(entry(Outcome.OK))
