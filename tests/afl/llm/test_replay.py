"""A replay answers from a recorded run and from nowhere else."""

from dataclasses import replace

import pytest

from afl.errors import ReplayError
from afl.llm.journaled_chat import JournaledChat
from afl.testing import MemoryJournal, scripted_model
from afl.types import CallKey, Message, Outcome

Messages = tuple[Message, ...]


@pytest.fixture
async def recorded(key: CallKey, messages: Messages) -> MemoryJournal:
    journal = MemoryJournal()
    await JournaledChat.live(scripted_model(["Item: Muse"]), journal).ask(key, messages)
    return journal


def replay(recorded: MemoryJournal, journal: MemoryJournal) -> JournaledChat:
    return JournaledChat.replay(scripted_model([]), journal, recorded=recorded)


async def test_a_replay_answers_from_the_recorded_run_and_keeps_the_answers(
    key: CallKey, messages: Messages, recorded: MemoryJournal, journal: MemoryJournal
) -> None:
    chat = replay(recorded, journal)
    reply = await chat.ask(key, messages)
    assert (reply.text, reply.journaled) == ("Item: Muse", True)
    again = {
        key: replace(entry, reply=replace(entry.reply.again(), journaled=False))
        for key, entry in recorded.entries.items()
    }
    assert journal.entries == again
    assert (chat.usage.calls, chat.usage.journaled) == (0, 1)


async def test_a_recorded_failure_is_replayed_as_it_was(
    key: CallKey, messages: Messages, recorded: MemoryJournal, journal: MemoryJournal
) -> None:
    entry = recorded.entries[key]
    failed = replace(entry, reply=replace(entry.reply, outcome=Outcome.FAILED, error="gave up"))
    reply = await replay(MemoryJournal([failed]), journal).ask(key, messages)
    assert (reply.outcome, reply.error) == (Outcome.FAILED, "gave up")


async def test_a_request_that_was_not_recorded_names_session_round_and_role(
    key: CallKey, messages: Messages, recorded: MemoryJournal, journal: MemoryJournal
) -> None:
    with pytest.raises(
        ReplayError, match="session session 7, loop, round 3, user: the recorded run holds no such"
    ):
        await replay(recorded, journal).ask(key._replace(round=3), messages)
    assert not journal.entries


async def test_a_request_that_was_not_recorded_is_held_against_the_nearest_round(
    key: CallKey, messages: Messages, recorded: MemoryJournal, journal: MemoryJournal
) -> None:
    longer = (messages[0], {**messages[1], "content": messages[1]["content"] + "\nRound 3"})
    with pytest.raises(
        ReplayError,
        match=r"the nearest, round 2, differs: message 2 \(user\), line 7: recorded nothing, now 'Round",
    ):
        await replay(recorded, journal).ask(key._replace(round=4), longer)


async def test_a_changed_request_shows_the_first_difference(
    key: CallKey, messages: Messages, recorded: MemoryJournal, journal: MemoryJournal
) -> None:
    changed = (messages[0], {**messages[1], "content": messages[1]["content"].replace("2. Air", "2. Aïr")})
    with pytest.raises(ReplayError, match=r"message 2 \(user\), line 3: recorded '2\. Air', now '2\. Aïr'"):
        await replay(recorded, journal).ask(key, changed)
