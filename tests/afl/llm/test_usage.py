"""Totals, running and from the journal."""

from afl.llm.usage import Usage
from afl.types import CallKey, JournalEntry, Outcome, Reply

KEY = CallKey("7", "loop", 1, "user", 0)


def test_an_unknown_price_leaves_the_cost_unknown() -> None:
    usage = Usage()
    usage.count(KEY, Reply(Outcome.OK, cost_usd=0.5))
    usage.count(KEY, Reply(Outcome.OK, cost_usd=None))
    usage.count(KEY, Reply(Outcome.OK, cost_usd=0.5))
    assert usage.cost_usd is None


def test_a_failure_costs_nothing() -> None:
    usage = Usage()
    usage.count(KEY, Reply(Outcome.FAILED, retries=3))
    assert (usage.calls, usage.retries, usage.cost_usd) == (1, 3, 0.0)


def test_the_totals_of_a_run_follow_from_its_journal() -> None:
    reply = Reply(Outcome.OK, prompt_tokens=10, completion_tokens=2, cost_usd=0.1, retries=1, journaled=True)
    entries = [JournalEntry(KEY._replace(attempt=n), "", (), reply) for n in (0, 1)]
    assert Usage.from_entries(entries) == Usage(
        calls=2, journaled=0, retries=2, repairs=1, prompt_tokens=20, completion_tokens=4, cost_usd=0.2
    )
