"""Nothing is sent that the budget could not pay for, whatever else is under way."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage

from afl.errors import UsageError
from afl.llm.budget import Budget, NullLedger, RunAccount
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel, PerRole
from afl.llm.price import CacheTokens, Price
from afl.llm.price_list import listed_price
from afl.llm.reply_sources import Transport
from afl.llm.request_cost import CostModel, request_bytes
from afl.testing import FakeClock, MemoryJournal, MemoryLedger, scripted_model
from afl.testing.faults import hang, rate_limited, reset, status, truncated
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, Outcome, Reply, Spending

PRICE = Price(prompt=1.0, completion=10.0)
NOTHING = Spending()
ModelAt = Callable[[FakeServer], LanguageModel]


def account(budget: Budget, *, spent: Spending = NOTHING, ledger: MemoryLedger | None = None) -> RunAccount:
    return budget.open_account("x", prices=PerRole.shared(PRICE), ledger=ledger or MemoryLedger(), spent=spent)


def keys(count: int) -> list[CallKey]:
    return [CallKey(str(number), "loop", 1, "user", 0) for number in range(count)]


@pytest.fixture
def most(messages: tuple[Message, ...]) -> int:
    """Tokens that the request may cost with a reply of 100."""
    return request_bytes(messages) + 100


async def test_a_request_reserves_its_bytes_and_the_longest_reply(
    key: CallKey, messages: tuple[Message, ...], most: int
) -> None:
    ledger = MemoryLedger()
    purse = account(Budget(tokens=10_000, max_tokens=100), ledger=ledger)
    assert await purse.reserve(key, messages)
    assert ledger.saved == (most, pytest.approx((most - 100 + 1000) / 1e6))


@given(st.lists(st.sampled_from(["system", "user", "assistant"])), st.text())
def test_a_token_is_never_less_than_a_byte(roles: list[str], text: str) -> None:
    messages: list[Message] = [{"role": role, "content": text} for role in roles]  # type: ignore[typeddict-item]
    assert request_bytes(messages) >= len(roles) * (len(text.encode("utf-8", "surrogatepass")) + 8)


async def test_a_call_that_does_not_fit_waits_for_those_under_way_and_takes_what_they_leave(
    messages: tuple[Message, ...], most: int
) -> None:
    purse = account(Budget(tokens=most + 20, max_tokens=100))
    first, second = keys(2)
    assert await purse.reserve(first, messages)
    waiting = asyncio.create_task(purse.reserve(second, messages))
    await asyncio.sleep(0)
    assert not waiting.done()
    purse.answered(first, Reply(Outcome.OK, prompt_tokens=10, completion_tokens=10))
    assert await waiting


async def test_a_call_that_does_not_fit_with_nothing_under_way_is_refused(
    messages: tuple[Message, ...], most: int
) -> None:
    budget = Budget(tokens=most + 20, max_tokens=100)
    purse = account(budget, spent=Spending(21, 0.0))
    assert not await purse.reserve(keys(1)[0], messages)
    assert budget.refused == (most, pytest.approx((most - 100 + 1000) / 1e6))
    refusal = purse.over_budget_reply(keys(1)[0], messages)
    assert (refusal.outcome, refusal.sent) == (Outcome.OVER_BUDGET, False)
    assert f"21 of {most + 20:,} tokens are spent and this call may take {most:,}" in (refusal.error or "")


async def test_runs_of_one_command_share_the_budget(messages: tuple[Message, ...], most: int) -> None:
    budget = Budget(tokens=2 * most - 1, max_tokens=100)
    one = account(budget)
    two = budget.open_account("y", prices=PerRole.shared(PRICE), ledger=NullLedger(), spent=Spending())
    assert await one.reserve(keys(1)[0], messages)
    one.answered(keys(1)[0], Reply(Outcome.OK, prompt_tokens=most - 100, completion_tokens=100))
    assert not await two.reserve(keys(1)[0], messages)


async def test_a_reply_leaves_the_ledger_only_when_the_journal_has_it(
    key: CallKey, messages: tuple[Message, ...]
) -> None:
    purse = account(Budget(tokens=10_000))
    await purse.reserve(key, messages)
    purse.answered(key, Reply(Outcome.OK, prompt_tokens=30, completion_tokens=5))
    assert purse.outstanding.tokens == 35
    purse.recorded(key)
    assert (purse.outstanding.tokens, purse.spent.tokens) == (0, 35)


async def test_a_reply_without_token_counts_costs_all_that_was_reserved(
    key: CallKey, messages: tuple[Message, ...]
) -> None:
    purse = account(Budget(tokens=10_000))
    await purse.reserve(key, messages)
    reserved = purse.outstanding
    purse.answered(key, Reply(Outcome.OK))
    purse.recorded(key)
    assert (purse.outstanding, purse.spent) == (reserved, Spending())


async def test_a_provider_that_reports_more_than_was_reserved_is_told_of(
    key: CallKey, messages: tuple[Message, ...], most: int
) -> None:
    budget = Budget(tokens=most, max_tokens=100)
    purse = account(budget)
    await purse.reserve(key, messages)
    purse.answered(key, Reply(Outcome.OK, prompt_tokens=most, completion_tokens=1))
    report = budget.report()
    assert report is not None
    assert (report["overruns"], report["spent_tokens"]) == (1, most + 1)
    assert not await purse.reserve(key, messages)


async def test_a_call_that_is_cancelled_under_way_stays_in_doubt_and_blocks_nobody(
    model_at: ModelAt, messages: tuple[Message, ...], most: int
) -> None:
    purse = account(Budget(tokens=most, max_tokens=100))
    async with FakeServer(faults={1: hang}) as server:
        chat = JournaledChat.live(model_at(server), MemoryJournal(), account=purse)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(chat.ask(keys(1)[0], messages), 0.3)
    assert purse.outstanding.tokens == most
    assert not await purse.reserve(keys(2)[1], messages)


@pytest.mark.parametrize(
    ("fault", "billed"), [(status(500), True), (reset, True), (rate_limited("1"), False), (status(409), False)]
)
async def test_a_try_without_an_answer_costs_what_it_may_have_cost(
    fault: object, billed: bool, model_at: ModelAt, key: CallKey, messages: tuple[Message, ...], most: int
) -> None:
    purse = account(Budget(tokens=100_000, max_tokens=100))
    async with FakeServer(faults={1: fault}) as server:  # type: ignore[dict-item]
        reply = await JournaledChat.live(
            model_at(server), MemoryJournal(), transport=Transport(clock=FakeClock()), account=purse
        ).ask(key, messages)
    assert (reply.outcome, reply.retries) == (Outcome.OK, 1)
    assert purse.outstanding.tokens == (most if billed else 0)


async def test_a_request_that_never_left_costs_nothing(
    model_at: ModelAt, key: CallKey, messages: tuple[Message, ...]
) -> None:
    async with FakeServer() as server:
        model = model_at(server)
    purse = account(Budget(tokens=100_000))
    reply = await JournaledChat.live(
        model, MemoryJournal(), transport=Transport(clock=FakeClock()), account=purse
    ).ask(key, messages)
    assert (reply.outcome, purse.outstanding) == (Outcome.FAILED, Spending())


async def test_a_budget_that_ends_between_two_tries_leaves_a_failure(
    model_at: ModelAt, key: CallKey, messages: tuple[Message, ...], most: int
) -> None:
    purse = account(Budget(tokens=most, max_tokens=100))
    async with FakeServer(faults={1: status(500)}) as server:
        reply = await JournaledChat.live(
            model_at(server), MemoryJournal(), transport=Transport(clock=FakeClock()), account=purse
        ).ask(key, messages)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.FAILED, 0, 1)
    assert (reply.error or "").startswith("not sent again, over budget")


async def test_the_bound_is_sent_under_a_budget_and_changes_no_fingerprint(
    model_at: ModelAt, key: CallKey, messages: tuple[Message, ...]
) -> None:
    journals = MemoryJournal(), MemoryJournal()
    async with FakeServer() as server:
        await JournaledChat.live(model_at(server), journals[0]).ask(key, messages)
        purse = account(Budget(tokens=100_000, max_tokens=77))
        await JournaledChat.live(model_at(server), journals[1], account=purse).ask(key, messages)
    assert [request.get("max_tokens") for request in server.requests] == [None, 77]
    assert journals[0].entries[key].fingerprint == journals[1].entries[key].fingerprint


async def test_a_reply_that_the_bound_cut_off_is_paid_for_and_asked_again(
    key: CallKey, messages: tuple[Message, ...]
) -> None:
    cut = AIMessage(
        "Reason: it",
        response_metadata={"finish_reason": "length"},
        usage_metadata={"input_tokens": 30, "output_tokens": 100, "total_tokens": 130},
    )
    purse = account(Budget(tokens=100_000, max_tokens=100))
    journal = MemoryJournal()
    reply = await JournaledChat.live(scripted_model([cut], price=PRICE), journal, account=purse).ask(key, messages)
    assert (reply.outcome, reply.sent) == (Outcome.OVER_BUDGET, True)
    assert "raise --max-tokens" in (reply.error or "")
    assert purse.spent.tokens == 130
    again = await JournaledChat.live(scripted_model(["Reason: a.\nItem: Air"]), journal).ask(key, messages)
    assert again.outcome is Outcome.OK


async def test_a_reply_that_the_model_itself_cut_off_is_truncated_as_ever(
    model_at: ModelAt, key: CallKey, messages: tuple[Message, ...]
) -> None:
    purse = account(Budget(tokens=100_000))
    async with FakeServer(faults={1: truncated}) as server:
        reply = await JournaledChat.live(model_at(server), MemoryJournal(), account=purse).ask(key, messages)
    assert reply.outcome is Outcome.TRUNCATED


@given(
    budget=st.integers(1, 5_000),
    calls=st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["answer", "fail", "silent"])), max_size=30),
)
def test_however_calls_interleave_the_bill_stays_within_the_budget(
    budget: int, calls: list[tuple[int, str]]
) -> None:
    purse = account(Budget(tokens=budget, max_tokens=100))
    messages: tuple[Message, ...] = ({"role": "user", "content": "What do you say?"},)

    async def call(key: CallKey, share: int, how: str) -> int:
        if not await purse.reserve(key, messages):
            return 0
        await asyncio.sleep(0)
        billed = (request_bytes(messages) + 100) * share // 400
        match how:
            case "answer":
                purse.answered(key, Reply(Outcome.OK, prompt_tokens=billed))
                purse.recorded(key)
            case "fail":
                purse.failed(key, billed=True)
            case _:
                purse.answered(key, Reply(Outcome.OK))
        return billed

    async def bill() -> int:
        return sum(await asyncio.gather(*(call(key, *one) for key, one in zip(keys(30), calls, strict=False))))

    assert asyncio.run(bill()) <= budget


@pytest.mark.parametrize(
    ("name", "listed_as"),
    [("openai:llama3:8b", "llama3:8b"), ("langchain:anthropic:claude", "claude"), ("scripted", "scripted")],
)
def test_dollars_need_a_price_and_the_message_says_how_to_state_one(name: str, listed_as: str) -> None:
    model = replace(scripted_model([], name=name), endpoint="localhost:8000")
    with pytest.raises(UsageError) as error:
        Budget(usd=1.0).require_price(model, prices_file=Path("my/prices.json"))
    assert str(error.value) == (
        f"--budget-usd: the price of {name} at localhost:8000 is not known; state price_prompt and price_completion in "
        f'a profile of afl.toml, or write {{"models": {{"{listed_as}": [PROMPT, COMPLETION]}}}} into '
        "my/prices.json, in US dollars per million tokens; or give --budget-tokens"
    )


def test_the_dearest_rate_is_reserved_and_what_a_cache_saved_is_given_back() -> None:
    price = listed_price("claude-opus-5", provider="anthropic")
    assert price is not None
    costs = CostModel(price, max_tokens=100)
    messages: list[Message] = [{"role": "user", "content": "x" * 1000}]
    reserved = costs.upper_bound(messages)
    assert reserved.usd == price.most(request_bytes(messages), 100) > price.of(request_bytes(messages), 100)
    cached = price.of(900, 10, cache=CacheTokens(read=800))
    reply = Reply(Outcome.OK, prompt_tokens=900, completion_tokens=10, cost_usd=cached)
    assert costs.reported_cost(reply) == (910, cached)
    assert cached < price.of(900, 10) < reserved.usd


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"usd": 0.0}, "--budget-usd: got 0, expected dollars above 0"),
        ({"usd": float("nan")}, "--budget-usd: got nan"),
        ({"tokens": 0}, "--budget-tokens: got 0, expected at least 1"),
        ({"tokens": 9, "max_tokens": 0}, "--max-tokens: got 0, expected at least 1"),
        ({"max_tokens": 9}, "--max-tokens bounds replies under a budget"),
    ],
)
def test_what_is_no_budget_is_a_mistake(given: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Budget(**given)  # type: ignore[arg-type]
