"""Calls a second into the journal, SQLite beside PostgreSQL: `python -m benchmarks.databases [--workers N]`.

Sessions of eight calls, 64 at once in each worker, as a run records them: every call on disk before the next one of
its session, the session when it ends. The server waits for the disk, as SQLite does. `--workers`: processes that join
one run.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from afl.types import CallKey, JournalEntry, Outcome, Reply, Role
from memory.records import CandidateRecord, SessionRecord, TurnRecord
from memory.run import Run
from memory.store import Store
from tests.postgresql import running_postgresql

CALLS, AT_ONCE = 8, 64
_ADVICE = " ".join(f"{place}. A band of some renown {place}" for place in range(1, 21))


def main(arguments: list[str] | None = None) -> int:
    """Prints calls/s of both, in turns, with their medians and ratio."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.databases", description=__doc__)
    parser.add_argument("--sessions", type=int, default=1000, help="of each worker")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.worker:
        asyncio.run(_work(*options.worker, options.sessions))
        return 0
    rates: dict[str, list[float]] = {"SQLite": [], "PostgreSQL": []}
    with tempfile.TemporaryDirectory() as folder, running_postgresql(durable=True) as server:
        for pair in range(options.pairs):
            for name, url in (
                ("SQLite", f"sqlite:///{Path(folder) / f'{pair}.db'}"),
                ("PostgreSQL", server.new_url()),
            ):
                seconds, cpu = asyncio.run(_measure(url, options.workers, options.sessions))
                rates[name].append(options.workers * options.sessions * CALLS / seconds)
                print(f"{name}: {rates[name][-1]:,.0f} calls/s, {cpu:.2f} s of CPU time", flush=True)
    sqlite, postgresql = (median(rates[name]) for name in ("SQLite", "PostgreSQL"))
    print(
        f"{options.workers} workers: {sqlite:,.0f} and {postgresql:,.0f} calls/s, ratio {postgresql / sqlite:.2f}"
    )
    return 0


async def _measure(url: str, workers: int, sessions: int) -> tuple[float, float]:
    """Seconds, and those of the CPU without the server's."""
    async with await Store.open(url) as store:
        run = await store.begin_run("x", {}, CandidateRecord("h", {}))
        async with run.hold():
            if workers == 1:
                started, cpu = time.monotonic(), time.process_time()
                await _record(run, "0", sessions)
                seconds, cpu = time.monotonic() - started, time.process_time() - cpu
            else:
                seconds, cpu = await asyncio.to_thread(_processes, url, workers, sessions)
            assert (await run.totals()).calls.calls == workers * sessions * CALLS
            return seconds, cpu


def _processes(url: str, workers: int, sessions: int) -> tuple[float, float]:
    """The same of so many workers: they begin together once all of them are there."""
    command = [sys.executable, "-m", "benchmarks.databases", "--sessions", str(sessions), "--worker", url]
    running = [subprocess.Popen([*command, str(n)], stdin=-1, stdout=-1, text=True) for n in range(workers)]
    for process in running:
        assert process.stdout is not None
        process.stdout.readline()
    started = time.monotonic()
    spent = _together(running)
    return time.monotonic() - started, sum(spent)


def _together(running: list[subprocess.Popen[str]]) -> list[float]:
    """Lets all of them go; returns the CPU seconds of each."""
    for process in running:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [float(process.communicate()[0]) for process in running]


async def _work(url: str, name: str, sessions: int) -> None:
    async with await Store.open(url) as store:
        run = await store.join_run("x")
        print("ready", flush=True)
        sys.stdin.readline()
        cpu = time.process_time()
        await _record(run, name, sessions)
        print(time.process_time() - cpu)


async def _record(run: Run, worker: str, sessions: int) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with turn:
            await _session(run, f"{worker}/{number}", number + sessions * int(worker))

    await asyncio.gather(*(one(number) for number in range(sessions)))


async def _session(run: Run, name: str, position: int) -> None:
    journal, turns, said = run.journal(), [], ""
    for call in range(CALLS):
        role = (Role.RECOMMENDATION, Role.USER)[call % 2]
        key = CallKey(name, "loop", call // 2 + 1, role, 0)
        said += f"\nRound {call // 2 + 1}: session {name} would rather hear something quieter than before."
        request = ({"role": "user", "content": f"Choose one of\n{_ADVICE}\n{said}"},)
        assert await journal.find(key) is None
        reply = Reply(
            Outcome.OK, f"Reason: it is quiet {call}\nItem: A band", prompt_tokens=900, completion_tokens=40
        )
        await journal.record(JournalEntry(key, f"{position:016x}{call:02x}", request, reply))
        turns.append(
            TurnRecord(key=key, outcome=Outcome.OK, item=f"A band {position % 1000}", reason=f"it is quiet {call}")
        )
    await run.record_session(SessionRecord(name, position, "A band 1", "A band 2", tuple(turns)))


if __name__ == "__main__":
    sys.exit(main())
