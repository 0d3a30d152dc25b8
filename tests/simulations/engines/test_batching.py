"""What gathers while a message is on its way goes with the next one; nothing is lost with whoever gives up."""

import asyncio
from collections.abc import Sequence

import pytest

from simulations.engines.batching import Outbox, RequestBatcher


class Counter:
    """Grants two at a time, when it is told to."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.returned: list[str] = []
        self.journaled, self.open = asyncio.Event(), asyncio.Event()

    async def request(self, asks: Sequence[str]) -> list[str]:
        self.asked.append(list(asks))
        self.journaled.set()
        await self.open.wait()
        return [ask.upper() for ask in asks[:2]]

    def turnstile(self) -> RequestBatcher[str, str]:
        return RequestBatcher(self.request, self.returned.append)


async def test_one_message_carries_all_waiting_requests_and_the_rest_goes_first() -> None:
    counter = Counter()
    turnstile = counter.turnstile()
    entering = [asyncio.create_task(turnstile.submit(name)) for name in "abcde"]
    await asyncio.sleep(0)
    counter.open.set()
    assert await asyncio.gather(*entering) == list("ABCDE")
    assert counter.asked == [list("abcde"), list("cde"), ["e"]]


async def test_a_grant_to_a_cancelled_caller_is_given_back() -> None:
    counter = Counter()
    turnstile = counter.turnstile()
    gone, there = (asyncio.create_task(turnstile.submit(name)) for name in "ab")
    await counter.journaled.wait()
    gone.cancel()
    counter.open.set()
    assert await there == "B"
    assert counter.returned == ["A"]


async def test_an_error_is_raised_by_all_who_wait_and_the_next_asks_again() -> None:
    asked = []

    async def request(asks: Sequence[int]) -> Sequence[int]:
        asked.append(asks)
        if len(asked) == 1:
            raise ConnectionError("gone")
        return asks

    turnstile = RequestBatcher[int, int](request, asked.append)
    found = await asyncio.gather(*(turnstile.submit(number) for number in range(3)), return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError] * 3
    assert await turnstile.submit(4) == 4


async def test_events_are_sent_in_order_a_message_at_a_time() -> None:
    sent: list[list[int]] = []

    async def send(events: Sequence[int]) -> None:
        await asyncio.sleep(0)
        sent.append(list(events))

    outbox = Outbox[int](send)
    outbox.put(1)
    await asyncio.sleep(0)
    outbox.put(2)
    outbox.put(3)
    await outbox.empty()
    assert sent == [[1], [2, 3]]
    await outbox.empty()


async def test_a_cancelled_caller_does_not_disturb_the_message() -> None:
    counter = Counter()
    turnstile = counter.turnstile()
    entering = asyncio.create_task(turnstile.submit("a"))
    await asyncio.sleep(0)
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    counter.open.set()
    assert await turnstile.submit("b") == "B"
