"""What a run has cost, and how its concurrency went."""

from afl.types import ConcurrencyChange, Outcome, Spending
from memory.costs import AgentCost, UnpricedTokens
from memory.records import CandidateRecord
from memory.store import Store
from tests.memory.conftest import MakeEntry


async def test_what_was_billed_and_what_is_in_doubt_outlives_the_process(
    url: str, lists: CandidateRecord, entry: MakeEntry
) -> None:
    async with await Store.open(url) as store:
        run = await store.begin_run("x", {}, lists)
        await run.journal().record(entry(prompt_tokens=100, completion_tokens=10, cost_usd=0.5))
        await run.journal().record(entry(round=2, prompt_tokens=7, completion_tokens=3))
        await run.ledger().save(Spending(999, 9.0))
        await run.ledger().save(Spending(20, 0.25))
    async with await Store.open(url) as store:
        assert await (await store.run("x")).cost() == (
            120,
            0.5,
            (UnpricedTokens("recommendation", 7, 3, 1),),
            Spending(20, 0.25),
        )


async def test_a_run_that_nobody_asked_anything_has_cost_nothing(store: Store, lists: CandidateRecord) -> None:
    run = await store.begin_run("x", {}, lists)
    assert await run.cost() == (0, 0.0, (), Spending())
    assert await run.agent_costs() == []


async def test_a_failure_that_was_paid_for_is_paid_for_also_when_it_is_replaced(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    run = await store.begin_run("x", {}, lists)
    cut = {"outcome": Outcome.OVER_BUDGET, "finish_reason": "length"}
    await run.journal().record(entry(**cut, prompt_tokens=10, completion_tokens=64, cost_usd=0.5))
    await run.journal().record(entry(outcome=Outcome.FAILED))
    await run.journal().record(entry(prompt_tokens=10, completion_tokens=90, cost_usd=0.25))
    assert (await run.cost())[:2] == (174, 0.75)


async def test_costs_are_told_by_phase_round_and_agent(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    run = await store.begin_run("x", {}, lists)
    for subject in ("7", "8"):
        await run.journal().record(entry(subject, prompt_tokens=10, completion_tokens=1, cost_usd=0.5, retries=2))
    await run.journal().record(entry("7", attempt=1, prompt_tokens=20, completion_tokens=1, cost_usd=0.25))
    await run.journal().record(entry("7", round=2, role="user", outcome=Outcome.OVER_BUDGET, cost_usd=0.0))
    await run.journal().record(entry("7", role="user", prompt_tokens=5))
    assert await run.agent_costs() == [
        AgentCost("loop", "recommendation", 1, 3, 4, 1, 40, 3, 1.25),
        AgentCost("loop", "user", 1, 1, 0, 0, 5, 0, None),
    ]


async def test_changes_of_concurrency_are_kept_in_order(store: Store, lists: CandidateRecord) -> None:
    run = await store.begin_run("x", {}, lists)
    changes = [ConcurrencyChange(1.0, 64, "begun"), ConcurrencyChange(2.0, 32, "429", 1.5)]
    await run.record_pace(changes)
    await run.record_pace([ConcurrencyChange(3.0, 40, "well")])
    assert await run.pace_changes() == [*changes, ConcurrencyChange(3.0, 40, "well")]


async def test_a_run_without_a_reply_goes_with_its_pace_but_stays_while_it_may_have_cost_something(
    store: Store, lists: CandidateRecord
) -> None:
    run = await store.begin_run("x", {}, lists)
    await run.record_pace([ConcurrencyChange(1.0, 64, "begun")])
    await run.ledger().save(Spending(20, 0.25))
    assert not await store.discard_if_empty(run)
    await run.ledger().save(Spending())
    assert await store.discard_if_empty(run)
