"""Requests of any run, looked up by what they are about and by what they are."""

from afl.types import Outcome
from memory.records import CandidateRecord
from memory.store import Store
from tests.memory.conftest import MakeEntry


async def test_requests_come_in_the_order_asked_with_the_time_of_their_reply(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    run = await store.begin_run("first", {}, lists)
    made = [entry("8"), entry("7", 1), entry("7", 2), entry("7", 1, "user")]
    for one in made:
        await run.journal().record(one)
    asked = await run.recorded_requests(["7"])
    assert [one.entry.messages for one in asked] == [one.messages for one in made[1:]]
    assert asked[0].created <= asked[1].created <= asked[2].created
    assert await run.journaled_subjects() == ["7", "8"]


async def test_equal_requests_of_any_run_are_found_however_they_went(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    first, second = await store.begin_run("first", {}, lists), await store.begin_run("second", {}, lists)
    asked = entry("7", prompt="Which?", outcome=Outcome.DECLINED)
    await first.journal().record(asked)
    await second.journal().record(entry("8", 2, prompt="Which?"))
    found = await store.reply_cache.find_requests([asked.fingerprint, "00" * 32])
    assert [(one.run, one.key.subject, one.outcome) for one in found[asked.fingerprint]] == [
        ("first", "7", Outcome.DECLINED),
        ("second", "8", Outcome.OK),
    ]
    assert list(found) == [asked.fingerprint]


async def test_other_runs_come_the_oldest_first(store: Store, lists: CandidateRecord) -> None:
    for name in ("first", "second", "third"):
        await store.begin_run(name, {}, lists)
    assert [run.name for run in await store.other_runs("second")] == ["first", "third"]
