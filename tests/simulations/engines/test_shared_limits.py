"""Several workers at one desk: a budget is never exceeded, and who is lost leaves nothing taken."""

import asyncio
from collections.abc import Sequence

import pytest

from afl.llm.budget import Budget, RunAccount
from afl.llm.language_model import PerRole
from afl.llm.limiter import AdaptiveLimiter
from afl.llm.price import Price
from afl.llm.request_cost import request_bytes
from afl.testing import FakeClock, MemoryLedger
from afl.types import CallKey, Message, Outcome, Reply, Spending
from simulations.engines.services import BudgetService, LimiterService
from simulations.engines.shared_limits import SharedAccount, SharedLimiter

MESSAGES: tuple[Message, ...] = ({"role": "user", "content": "What do you say?"},)
MOST = request_bytes(MESSAGES) + 100


def key(number: int) -> CallKey:
    return CallKey(str(number), "loop", 1, "user", 0)


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@pytest.fixture
def account(ledger: MemoryLedger) -> RunAccount:
    budget = Budget(tokens=10 * MOST, max_tokens=100)
    return budget.open_account("x", prices=PerRole.shared(Price(1.0, 10.0)), ledger=ledger, spent=Spending())


@pytest.fixture
def desk(account: RunAccount) -> BudgetService:
    return BudgetService(account)


@pytest.fixture
def workers(desk: BudgetService, account: RunAccount) -> list[SharedAccount]:
    return [SharedAccount(desk, name, account.cost_models, account.budget.bounds) for name in "abcd"]


async def test_workers_pay_from_one_budget_and_are_refused_when_nothing_is_left(
    workers: list[SharedAccount], account: RunAccount
) -> None:
    async def call(number: int) -> int:
        worker = workers[number % 4]
        if not await worker.reserve(key(number), MESSAGES):
            return 0
        await asyncio.sleep(0)
        worker.answered(key(number), Reply(Outcome.OK, prompt_tokens=MOST - 100, completion_tokens=50))
        worker.recorded(key(number))
        return MOST - 50

    billed = sum(await asyncio.gather(*(call(number) for number in range(60))))
    await asyncio.gather(*(worker.settled() for worker in workers))
    assert 9 * MOST < billed <= 10 * MOST
    assert (account.spent.tokens, account.outstanding.tokens, account.budget.refused is None) == (billed, 0, False)
    assert "tokens are spent" in (workers[3].over_budget_reply(key(0), MESSAGES).error or "")


async def test_a_try_is_in_the_ledger_before_it_is_sent(
    workers: list[SharedAccount], ledger: MemoryLedger
) -> None:
    assert await workers[0].reserve(key(1), MESSAGES)
    assert ledger.saved is not None
    assert ledger.saved.tokens == MOST


async def test_what_a_lost_worker_had_under_way_is_in_doubt(
    workers: list[SharedAccount], desk: BudgetService, account: RunAccount
) -> None:
    lost, other = workers[:2]
    for number in range(3):
        assert await lost.reserve(key(number), MESSAGES)
    lost.answered(key(0), Reply(Outcome.OK, prompt_tokens=20, completion_tokens=5))
    lost.failed(key(1), billed=False)
    await lost.settled()
    await desk.lost("a")
    assert account.outstanding.tokens == 25 + MOST
    lost.recorded(key(0))
    await lost.settled()
    assert await other.reserve(key(9), MESSAGES)
    assert account.total.tokens == 25 + 2 * MOST


async def test_a_worker_that_comes_back_from_the_dead_gets_nothing(
    workers: list[SharedAccount], desk: BudgetService, account: RunAccount
) -> None:
    await desk.lost("a")
    await workers[0].reserve(key(1), MESSAGES)
    assert account.outstanding.tokens == MOST
    workers[0].failed(key(1), billed=False)
    await workers[0].settled()
    assert account.outstanding.tokens == MOST


async def test_at_most_so_many_requests_of_all_workers_are_under_way() -> None:
    desk = LimiterService(AdaptiveLimiter(5))
    limiters = [SharedLimiter(desk, name, counts_tokens=True) for name in "abcd"]
    under_way: list[int] = [0]
    most: list[int] = []

    async def call(number: int) -> None:
        async with limiters[number % 4].slot(key(number), MESSAGES) as slot:
            under_way[0] += 1
            most.append(under_way[0])
            await asyncio.sleep(0)
            under_way[0] -= 1
            slot.answered(Reply(Outcome.OK))

    await asyncio.gather(*(call(number) for number in range(40)))
    assert (max(most), len(most)) == (5, 40)


async def test_tickets_of_a_lost_worker_are_free_again() -> None:
    desk = LimiterService(AdaptiveLimiter(2))
    assert len(await desk.admit("a", [0, 0, 0])) == 2
    waiting = asyncio.create_task(desk.admit("b", [0]))
    await asyncio.sleep(0)
    assert not waiting.done()
    await desk.lost("a")
    assert await waiting == [2]


async def test_refusals_that_one_worker_meets_slow_down_all() -> None:
    desk = LimiterService(AdaptiveLimiter(8, clock=FakeClock()))
    limiters = [SharedLimiter(desk, name, counts_tokens=False) for name in "ab"]
    async with limiters[0].slot(key(1), MESSAGES) as slot:
        slot.throttled(429, None)
    await limiters[0].settled()
    changes = await desk.history(0)
    assert [change.concurrency for change in changes] == [8, 4]
    assert await admitted(desk, [0] * 8) < 8


async def admitted(desk: LimiterService, tokens: Sequence[int]) -> int:
    return len(await desk.admit("b", tokens))
