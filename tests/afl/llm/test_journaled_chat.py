"""The order of events in a journaled chat: journal, source, record, answer."""

from dataclasses import replace

import pytest

from afl.errors import ConflictError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.price import Price
from afl.llm.reply_sources import Transport
from afl.testing import FakeClock, MemoryJournal, scripted_model
from afl.types import CallKey, JournalEntry, Message, Outcome, Reply

Messages = tuple[Message, ...]


async def test_a_reply_is_asked_once_and_comes_from_the_journal_afterwards(
    key: CallKey, messages: Messages, journal: MemoryJournal
) -> None:
    model = scripted_model(["Item: Muse"])
    chat = JournaledChat.live(model, journal)
    first, second = await chat.ask(key, messages), await chat.ask(key, messages)
    assert (first.text, first.journaled) == ("Item: Muse", False)
    assert second == replace(first, journaled=True)
    assert len(model.chat.history) == 1


async def test_a_reply_is_on_record_before_it_is_used(key: CallKey, messages: Messages) -> None:
    order: list[str] = []

    class Slow(MemoryJournal):
        async def record(self, entry: JournalEntry) -> None:
            await super().record(entry)
            order.append("recorded")

    await JournaledChat.live(scripted_model(["yes"]), Slow()).ask(key, messages)
    order.append("used")
    assert order == ["recorded", "used"]


async def test_the_journal_holds_what_was_asked_and_answered(
    key: CallKey, messages: Messages, journal: MemoryJournal
) -> None:
    reply = await JournaledChat.live(scripted_model(["yes"]), journal).ask(key, messages)
    entry = journal.entries[key]
    assert (entry.messages, entry.reply) == (messages, reply)
    assert len(entry.fingerprint) == 64


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.OVER_BUDGET])
async def test_a_failure_is_asked_again_by_the_next_continuation(
    outcome: Outcome, key: CallKey, messages: Messages
) -> None:
    journal = MemoryJournal([JournalEntry(key, "0" * 64, messages, Reply(outcome))])
    reply = await JournaledChat.live(scripted_model(["yes"]), journal).ask(key, messages)
    assert (reply.outcome, reply.journaled) == (Outcome.OK, False)
    assert journal.entries[key].reply == reply


@pytest.mark.parametrize("outcome", [Outcome.DECLINED, Outcome.TRUNCATED, Outcome.OK])
async def test_a_content_failure_stays(outcome: Outcome, key: CallKey, messages: Messages) -> None:
    first = MemoryJournal()
    await JournaledChat.live(scripted_model(["yes"]), first).ask(key, messages)
    entry = first.entries[key]
    journal = MemoryJournal([replace(entry, reply=replace(entry.reply, outcome=outcome))])
    reply = await JournaledChat.live(scripted_model([]), journal).ask(key, messages)
    assert (reply.outcome, reply.journaled) == (outcome, True)


async def test_another_request_under_the_same_identity_is_a_conflict(
    key: CallKey, messages: Messages, journal: MemoryJournal
) -> None:
    chat = JournaledChat.live(scripted_model(["yes"]), journal)
    await chat.ask(key, messages)
    with pytest.raises(
        ConflictError, match=r"journal holds another request under session session 7, loop, round 2"
    ):
        await chat.ask(key, ({"role": "system", "content": "You are a viewer."}, messages[1]))


async def test_other_parameters_are_another_request(
    key: CallKey, messages: Messages, journal: MemoryJournal
) -> None:
    await JournaledChat.live(scripted_model(["yes"]), journal).ask(key, messages)
    warmer = scripted_model(["yes"], parameters={"temperature": 1})
    with pytest.raises(ConflictError, match="the model or its parameters differ"):
        await JournaledChat.live(warmer, journal).ask(key, messages)


async def test_usage_counts_calls_repairs_tokens_and_cost(messages: Messages, clock: FakeClock) -> None:
    from langchain_core.messages import AIMessage

    tokens = {"input_tokens": 1000, "output_tokens": 100, "total_tokens": 1100}
    answer = AIMessage("yes", usage_metadata=tokens)
    model = scripted_model([answer, ConnectionResetError(), answer], price=Price(1.0, 10.0))
    chat = JournaledChat.live(model, MemoryJournal(), transport=Transport(clock=clock))
    first = CallKey("7", "loop", 1, "user", 0)
    await chat.ask(first, messages)
    await chat.ask(first._replace(attempt=1), messages)
    await chat.ask(first, messages)
    assert chat.usage.totals() == {
        "calls": 2,
        "journaled": 1,
        "retries": 1,
        "repairs": 1,
        "prompt_tokens": 2000,
        "completion_tokens": 200,
        "cost_usd": 0.004,
    }


async def test_an_error_in_a_model_s_own_code_is_not_swallowed(key: CallKey, messages: Messages) -> None:
    with pytest.raises(LookupError, match="the script of 0 replies has run out"):
        await JournaledChat.live(scripted_model([]), MemoryJournal()).ask(key, messages)
