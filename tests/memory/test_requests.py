"""Requests of any run, looked up by what they are about and by what they are."""

from afl.types import Outcome
from memory.records import CandidateRecord
from memory.store import Store
from tests.memory.conftest import MakeEntry


async def test_requests_come_in_the_order_asked_with_the_time_of_their_reply(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    run = await store.begin_run("first", {}, lists)
    entries = [entry("8"), entry("7", 1), entry("7", 2), entry("7", 1, "user")]
    for item in entries:
        await run.journal().record(item)
    requests = await run.recorded_requests(["7"])
    assert [item.entry.messages for item in requests] == [item.messages for item in entries[1:]]
    assert requests[0].created <= requests[1].created <= requests[2].created
    assert await run.journaled_subjects() == ["7", "8"]


async def test_equal_requests_of_any_run_are_found_however_they_went(
    store: Store, lists: CandidateRecord, entry: MakeEntry
) -> None:
    first, second = await store.begin_run("first", {}, lists), await store.begin_run("second", {}, lists)
    requests = entry("7", prompt="Which?", outcome=Outcome.DECLINED)
    await first.journal().record(requests)
    await second.journal().record(entry("8", 2, prompt="Which?"))
    matches = await store.reply_cache.find_requests([requests.fingerprint, "00" * 32])
    assert [(item.run, item.key.subject, item.outcome) for item in matches[requests.fingerprint]] == [
        ("first", "7", Outcome.DECLINED),
        ("second", "8", Outcome.OK),
    ]
    assert list(matches) == [requests.fingerprint]


async def test_other_runs_come_the_oldest_first(store: Store, lists: CandidateRecord) -> None:
    for name in ("first", "second", "third"):
        await store.begin_run(name, {}, lists)
    assert [run.name for run in await store.other_runs("second")] == ["first", "third"]
