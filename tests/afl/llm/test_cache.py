"""Equal requests of earlier runs answer only where they may."""

from dataclasses import replace

from afl.llm.journaled_chat import JournaledChat
from afl.testing import MemoryJournal, scripted_model
from afl.types import CallKey, Message, Outcome, Reply

QUESTION: list[Message] = [{"role": "user", "content": "Which?"}]
KEY = CallKey("7", "loop", 1, "recommendation", 0)


async def nothing(fingerprint: str) -> Reply | None:
    return None


async def test_what_is_recalled_is_not_sent_and_costs_nothing() -> None:
    async def recall(fingerprint: str) -> Reply:
        return Reply(Outcome.OK, "Item: this", cost_usd=0.25, retries=2, prompt_tokens=9)

    chat = JournaledChat.live(scripted_model([]), MemoryJournal(), cache_lookup=recall)
    reply = await chat.ask(KEY, QUESTION)
    assert (reply.text, reply.cost_usd, reply.retries) == ("Item: this", 0.0, 0)
    assert (chat.usage.calls, chat.usage.journaled) == (0, 1)


async def test_what_is_not_recalled_is_asked() -> None:
    chat = JournaledChat.live(scripted_model(["Item: that"]), MemoryJournal(), cache_lookup=nothing)
    assert (await chat.ask(KEY, QUESTION)).text == "Item: that"
    assert chat.usage.calls == 1


async def test_a_recalled_reply_is_in_the_journal_of_the_run_like_any_other() -> None:
    journal = MemoryJournal()

    async def recall(fingerprint: str) -> Reply:
        return Reply(Outcome.OK, "Item: this")

    reply = await JournaledChat.live(scripted_model([]), journal, cache_lookup=recall).ask(KEY, QUESTION)
    again = await JournaledChat.live(scripted_model([]), journal, cache_lookup=nothing).ask(KEY, QUESTION)
    assert replace(again, cost_usd=0.0) == replace(reply, cost_usd=0.0)
