"""Real processes: killed while they write, started together, after the same run."""

import asyncio
import os
import subprocess
import sys
from contextlib import contextmanager
from itertools import islice

import pytest

from afl.errors import ConflictError
from afl.types import CallKey
from memory.locks import _try_lock
from memory.store import Store

PREAMBLE = """
import asyncio, os, sys
from itertools import count
from afl.types import CallKey, JournalEntry, Outcome, Reply
from memory.records import CandidateRecord
from memory.store import Store

async def begun():
    return await (await Store.open(sys.argv[1])).begin_run("x", {}, CandidateRecord("h", {}))
"""
RECORD_FOREVER = (
    PREAMBLE
    + """
async def session(journal, name):
    for round in count(1):
        key = CallKey(name, "loop", round, "user", 0)
        message = {"role": "user", "content": f"round {round}, once more: " + "what do you say? " * 20}
        await journal.record(JournalEntry(key, "00", (message,), Reply(Outcome.OK, f"{name} {round}")))
        os.write(1, f"{name} {round}\\n".encode())

async def main():
    journal = (await begun()).journal()
    await asyncio.gather(*(session(journal, str(name)) for name in range(64)))

asyncio.run(main())
"""
)
HOLD_FOREVER = (
    PREAMBLE
    + """
async def main():
    async with (await begun()).hold():
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
)

OPEN = """
import asyncio, sys
from memory.store import Store

async def main():
    await (await Store.open(sys.argv[1])).close()

asyncio.run(main())
print("alembic" in sys.modules)
"""


@contextmanager
def running(script, url):
    """The script in a process of its own; killed with -9 at the end."""
    process = subprocess.Popen([sys.executable, "-c", script, url], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


async def test_every_acknowledged_reply_survives_kill_minus_nine(url):
    with running(RECORD_FOREVER, url) as process:
        acknowledged = list(islice(process.stdout, 500))
        process.kill()
        acknowledged += process.stdout.readlines()
    async with await Store.open(url) as store:
        journal = (await store.run("x")).journal()
        pairs = [line.split() for line in acknowledged]
        results = [await journal.find(CallKey(name, "loop", int(round), "user", 0)) for name, round in pairs]
    assert [entry.reply.text for entry in results] == [line.strip() for line in acknowledged]


async def test_a_second_process_is_told_who_holds_the_run(url):
    with running(HOLD_FOREVER, url) as process:
        process.stdout.readline()
        async with await Store.open(url) as store:
            run = await store.run("x")
            with pytest.raises(
                ConflictError, match=rf"run 'x' is held by process {process.pid} on .+ since \d{{4}}"
            ):
                async with run.hold():
                    pass
            assert (await run.summary()).status == "running"


async def test_a_dead_holder_blocks_nobody(url):
    with running(HOLD_FOREVER, url) as process:
        process.stdout.readline()
    async with await Store.open(url) as store:
        run = await store.run("x")
        async with run.hold():
            held = (await run.summary()).held
    assert held


async def test_who_only_looks_whether_a_run_is_held_keeps_nobody_from_holding_it(sqlite_url, tmp_path, lists):
    async with await Store.open(sqlite_url) as store:
        run = await store.begin_run("x", {}, lists)
        looking = os.open(tmp_path / f"afl.db.run-{run.id}.lock", os.O_RDWR | os.O_CREAT)
        assert _try_lock(looking)
        asyncio.get_running_loop().call_later(0.1, os.close, looking)
        async with run.hold():
            assert (await run.summary()).held


async def test_a_released_run_can_be_held_again_and_leaves_no_file(sqlite_url, tmp_path, lists):
    async with await Store.open(sqlite_url) as store:
        run = await store.begin_run("x", {}, lists)
        async with run.hold():
            pass
        async with run.hold():
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["afl.db"]


async def test_stores_that_create_the_same_database_together_all_open_it(url):
    stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
    for store in stores:
        assert await store.runs() == []
        await store.close()


async def test_closing_waits_for_what_was_handed_over(url, lists, entry):
    store = await Store.open(url)
    journal = (await store.begin_run("x", {}, lists)).journal()
    await journal.find(entry("0").key)
    recording = [asyncio.create_task(journal.record(entry(str(n)))) for n in range(20)]
    await asyncio.wait(recording[:1], timeout=0)
    await store.close()
    async with await Store.open(url) as reopened:
        results = [await (await reopened.run("x")).journal().find(entry(str(n)).key) for n in range(20)]
    await asyncio.gather(*recording)
    assert None not in results


def test_opening_an_up_to_date_database_loads_no_migrations(sqlite_url):
    outputs = [subprocess.check_output([sys.executable, "-c", OPEN, sqlite_url], text=True) for _ in range(2)]
    assert outputs == ["True\n", "False\n"]


async def test_two_tasks_of_one_process_cannot_hold_the_run_twice(url, lists):
    async with await Store.open(url) as store:
        first, second = await store.begin_run("x", {}, lists), await store.run("x")
        async with first.hold():
            with pytest.raises(ConflictError, match=f"process {os.getpid()}"):
                async with second.hold():
                    pass
