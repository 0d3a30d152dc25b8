"""Calls per second of AFL's loop, everything kept, against a bare LangGraph loop that keeps nothing.

Both run 122 dialogues of 4 rounds at once against the same zero-latency server, which is a process of its own; they
take turns in one process, and the medians count. Run it with `make bench`, or `python -m benchmarks.loop_calls`.
"""

import argparse
import asyncio
import json
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import NamedTuple

from afl.data.dataset_store import DatasetStore
from afl.settings import Settings
from afl.testing.server import server_process
from afl.types import SessionView
from benchmarks.bare_loop import BareLoop
from simulations import import_data, simulate
from simulations.options.run_options import RunOptions
from simulations.task.task import Task

SESSIONS = 122
ROUNDS = 4
USERS = 10 * SESSIONS
"""A tenth of the sequences is the test split."""
EXPECTED = 2.0


class Bench(NamedTuple):
    """One folder, one data set and one server for all runs."""

    url: str
    settings: Settings
    views: list[SessionView]


def main(arguments: list[str] | None = None) -> int:
    """Prints both rates and their ratio; exit code 1 if the ratio falls short of what is promised."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder, server_process("--refuse", "--latency", str(options.latency)) as url:
        bench = prepare(url, Path(folder))
        bare, kept = measure(bench, pairs=options.pairs)
    ratio = median(kept) / median(bare)
    report = {
        "bare": round(median(bare)),
        "afl": round(median(kept)),
        "ratio": round(ratio, 2),
        "pairs": len(bare),
    }
    if options.json:
        print(json.dumps(report))
    else:
        print(f"bare loop, nothing kept   {report['bare']:6} calls/s (median of {len(bare)})")
        print(f"AFL, everything kept      {report['afl']:6} calls/s")
        print(f"ratio                     {ratio:6.2f} (promised: at least {EXPECTED})")
    return 0 if ratio >= EXPECTED else 1


def prepare(url: str, folder: Path) -> Bench:
    """The demo data in a folder of its own."""
    settings = Settings.model_validate({"AFL_HOME": folder, "AFL_DB": None, "OPENAI_API_KEY": None})
    import_data("demo", name="bench", users=USERS, settings=settings)
    dataset = DatasetStore(settings.data_dir).load("bench")
    views = Task.of(dataset, RunOptions(dataset="bench", llm="-", sessions=SESSIONS)).views()
    return Bench(url, settings, views)


def measure(bench: Bench, *, pairs: int) -> tuple[list[float], list[float]]:
    """Calls per second of bare loop and AFL, in turns, after a warm-up of each."""
    bare: list[float] = []
    kept: list[float] = []
    # One event loop for all bare runs: ChatOpenAI shares its connections between clients of a process.
    with asyncio.Runner() as runner:
        loop = BareLoop(bench.url, rounds=ROUNDS)
        for number in range(pairs + 1):
            bare.append(runner.run(bare_rate(loop, bench.views)))
            kept.append(afl_rate(bench, run=f"bench {number}"))
    return bare[1:], kept[1:]


async def bare_rate(loop: BareLoop, views: list[SessionView]) -> float:
    start = perf_counter()
    calls = await loop.run(views)
    return calls / (perf_counter() - start)


def afl_rate(bench: Bench, *, run: str) -> float:
    """From the first session's start to the last commit; data, checks and report apart, as `seconds` says."""
    report = simulate(
        dataset="bench",
        llm="openai:bench",
        base_url=bench.url,
        rounds=ROUNDS,
        sessions=SESSIONS,
        concurrency=SESSIONS,
        recommender="none",
        reward="none",
        run=run,
        settings=bench.settings,
    )
    return report.llm["calls"] / report.seconds


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5, help="measured pairs, after one to warm up (5)")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS", help="of the server (0)")
    parser.add_argument("--json", action="store_true")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
