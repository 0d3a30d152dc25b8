"""Time limits on a clock that jumps where answers take long, and against a server that never answers."""

from collections.abc import Callable

import pytest

from afl.errors import TimeLimitError, UsageError
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.reply_sources import Transport
from afl.llm.time_limits import Deadlines, TimeLimits
from afl.testing import FakeClock, MemoryJournal, faults, scripted_model
from afl.testing.server import FakeServer
from afl.types import CallKey, Message, Outcome

Messages = tuple[Message, ...]
Ask = Callable[[int], CallKey]


@pytest.fixture
def slow(clock: FakeClock) -> Callable[[float], LanguageModel]:
    """A model each of whose answers takes so many seconds of the clock."""

    def model(seconds: float) -> LanguageModel:
        def answer(messages: object) -> str:
            clock.now += seconds
            return "Reason: so.\nDecision: no"

        return scripted_model(answer)

    return model


async def test_a_try_that_is_never_answered_is_given_up_and_sent_again(
    key: CallKey, messages: Messages, model_at: Callable[..., LanguageModel], clock: FakeClock
) -> None:
    limits = TimeLimits(attempt=0.2)
    async with FakeServer(faults=dict.fromkeys(range(1, 5), faults.hang)) as server:
        chat = JournaledChat.live(
            model_at(server), MemoryJournal(), transport=Transport(clock=clock, deadlines=Deadlines(limits, clock))
        )
        reply = await chat.ask(key, messages)
    assert (reply.outcome, reply.retries, server.counters.chat) == (Outcome.FAILED, 3, 4)
    assert reply.error == "gave up after 4 tries: TimeoutError: no answer within 0.2 s (--timeout)"


async def test_an_answer_that_trickles_in_is_given_up_though_the_server_is_never_silent(
    key: CallKey, messages: Messages, model_at: Callable[..., LanguageModel], clock: FakeClock
) -> None:
    limits = TimeLimits(attempt=0.3)
    async with FakeServer(faults={1: faults.trickle}) as server:
        chat = JournaledChat.live(
            model_at(server), MemoryJournal(), transport=Transport(clock=clock, deadlines=Deadlines(limits, clock))
        )
        reply = await chat.ask(key, messages)
    assert (reply.outcome, reply.retries) == (Outcome.OK, 1)


async def test_a_session_without_time_left_is_not_asked_further_and_the_journal_says_why(
    slow: Callable[[float], LanguageModel], key: CallKey, messages: Messages, clock: FakeClock
) -> None:
    deadlines, journal = Deadlines(TimeLimits(session=100.0), clock), MemoryJournal()
    chat = JournaledChat.live(slow(60.0), journal, transport=Transport(clock=clock, deadlines=deadlines))
    deadlines.begin(key.subject)
    replies = [await chat.ask(key._replace(round=round), messages) for round in (1, 2, 3)]
    assert [reply.outcome for reply in replies] == [Outcome.OK, Outcome.OK, Outcome.FAILED]
    assert replies[2].error == "out of time: the session has taken its 100 s (--session-timeout)"
    assert journal.entries[key._replace(round=3)].reply.outcome.retried_on_continuation


async def test_a_call_under_way_ends_with_its_session_s_time(
    key: CallKey, messages: Messages, model_at: Callable[..., LanguageModel]
) -> None:
    deadlines = Deadlines(TimeLimits(session=0.2))
    async with FakeServer(faults={1: faults.hang}) as server:
        chat = JournaledChat.live(model_at(server), MemoryJournal(), transport=Transport(deadlines=deadlines))
        deadlines.begin(key.subject)
        reply = await chat.ask(key, messages)
    assert (reply.outcome, server.counters.chat) == (Outcome.FAILED, 1)
    assert "(--session-timeout)" in str(reply.error)


async def test_each_session_has_its_own_time(
    slow: Callable[[float], LanguageModel], key: CallKey, messages: Messages, clock: FakeClock
) -> None:
    deadlines = Deadlines(TimeLimits(session=100.0), clock)
    chat = JournaledChat.live(slow(60.0), MemoryJournal(), transport=Transport(clock=clock, deadlines=deadlines))
    deadlines.begin("a")
    await chat.ask(key._replace(subject="a"), messages)
    deadlines.begin("b")
    replies = [await chat.ask(key._replace(subject="b", round=round), messages) for round in (1, 2)]
    assert [reply.outcome for reply in replies] == [Outcome.OK] * 2


async def test_a_run_without_time_left_stops_before_anything_is_sent(
    slow: Callable[[float], LanguageModel], key: CallKey, messages: Messages, clock: FakeClock
) -> None:
    journal = MemoryJournal()
    chat = JournaledChat.live(
        slow(60.0), journal, transport=Transport(clock=clock, deadlines=Deadlines(TimeLimits(run=50.0), clock))
    )
    await chat.ask(key, messages)
    with pytest.raises(TimeLimitError, match=r"stopped after 50 s \(--run-timeout\); progress saved"):
        await chat.ask(key._replace(round=3), messages)
    assert len(journal.entries) == 1


@pytest.mark.parametrize(("field", "option"), [("attempt", "timeout"), ("stall", "stall-after")])
@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_no_time_at_all_is_refused(field: str, option: str, seconds: float) -> None:
    with pytest.raises(UsageError, match=f"--{option}: got {seconds:g}, expected seconds above 0"):
        TimeLimits(**{field: seconds})
