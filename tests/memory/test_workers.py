"""Several processes write to one run while one of them holds it."""

import asyncio
import subprocess
import sys
from dataclasses import replace

import pytest

from afl.errors import ConflictError, NotFoundError
from afl.types import CallKey
from memory.store import Store

RECORD_SESSIONS = """
import asyncio, sys
from afl.types import CallKey, JournalEntry, Outcome, Reply
from memory.store import Store

async def session(journal, name):
    for round in range(10):
        key = CallKey(name, "loop", round, "user", 0)
        message = {"role": "user", "content": f"round {round}, once more: " + "what do you say? " * 20}
        await journal.record(JournalEntry(key, "00", (message,), Reply(Outcome.OK, f"{name} {round}", cost_usd=0.5)))

async def main():
    async with await Store.open(sys.argv[1]) as store:
        journal = (await store.join_run("x")).journal()
        await asyncio.gather(*(session(journal, name) for name in sys.argv[2:]))

asyncio.run(main())
"""


def worker(url: str, *sessions: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", RECORD_SESSIONS, url, *sessions])


async def test_what_workers_record_at_the_same_time_is_all_kept_and_counted(url, lists):
    async with await Store.open(url) as store:
        run = await store.begin_run("x", {}, lists)
        async with run.hold():
            workers = [worker(url, *(f"{n}/{item}" for item in range(16))) for n in range(3)]
            codes = await asyncio.gather(*(asyncio.to_thread(process.wait) for process in workers))
        names = [f"{n}/{item}" for n in range(3) for item in range(16)]
        results = [await run.journal().find(CallKey(name, "loop", 9, "user", 0)) for name in names]
        assert codes == [0, 0, 0]
        assert [entry.reply.text for entry in results] == [f"{name} 9" for name in names]
        assert ((await run.totals()).calls.calls, (await run.totals()).calls.cost_usd) == (480, 240.0)


@pytest.fixture
async def held(store, lists):
    """A run that is held by the process which gave the work away."""
    run = await store.begin_run("x", {}, lists)
    async with run.hold():
        yield run


async def test_a_worker_goes_on_where_another_was_lost(url, held, entry):
    async with await Store.open(url) as first, await Store.open(url) as second:
        lost, other = (await first.join_run("x")).journal(), (await second.join_run("x")).journal()
        assert await other.find(entry("10").key) is None
        await lost.record(entry("7"))
        assert await other.find(entry("7").key) == replace(
            entry("7"), reply=replace(entry("7").reply, journaled=True)
        )
        await other.record(entry("7", role="user"))
    assert await held.journal().find(entry("7", role="user").key) is not None


async def test_of_two_workers_on_one_session_the_slower_is_refused_and_finds_the_other_reply(url, held, entry):
    async with await Store.open(url) as first, await Store.open(url) as second:
        fast, slow = (await first.join_run("x")).journal(), (await second.join_run("x")).journal()
        assert await slow.find(entry("7").key) is None
        await fast.record(entry("7", text="the first"))
        told = await asyncio.gather(
            slow.record(entry("7", text="the second")), slow.record(entry("8")), return_exceptions=True
        )
        assert (type(told[0]), told[1]) == (ConflictError, None)
        assert "another process has recorded a reply for ('7', 'loop', 1" in str(told[0])
        assert (await slow.find(entry("7").key)).reply.text == "the first"
        await slow.record(entry("7", role="user"))
        assert (await slow.find(entry("8").key)).reply.text == entry("8").reply.text


async def test_a_run_that_nobody_holds_cannot_be_joined(store, lists):
    await store.begin_run("x", {}, lists)
    with pytest.raises(ConflictError, match="run 'x' is not held by any process; workers can join only while"):
        await store.join_run("x")
    with pytest.raises(NotFoundError, match="no run is called 'y'"):
        await store.join_run("y")
