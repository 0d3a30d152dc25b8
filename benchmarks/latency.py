"""122 sessions of 4 rounds, all at once, against a server that takes 0.2 s: how near to the ideal of 1.6 s.

`python -m benchmarks.latency`, or with the Last.fm data of the LLaRA authors: `--data llara:PATH`.
"""

import argparse
from statistics import median
from tempfile import TemporaryDirectory

from afl.settings import Settings
from afl.testing.server import server_process
from benchmarks.fresh import measured
from simulations import import_data

SESSIONS, CALLS, LATENCY = 122, 8, 0.2
IDEAL = CALLS * LATENCY
MOST_SECONDS, MOST_MB = 2.3, 600


def main(arguments: list[str] | None = None) -> int:
    """Prints seconds as a ratio to the ideal, and peak memory; exit code 1 if either exceeds what is promised."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as home, server_process("--refuse", "--latency", str(LATENCY)) as url:
        settings = Settings.model_validate({"AFL_HOME": home, "AFL_DB": None, "OPENAI_API_KEY": None})
        kind, _, path = options.data.partition(":")
        for number in range(options.times + 1):
            import_data(kind, path or None, name=f"bench{number}", settings=settings)
        found = [
            measured("benchmarks.one_run", home, f"bench{n}", SESSIONS, url) for n in range(options.times + 1)
        ][1:]
    seconds, memory = median(one["seconds"] for one in found), max(one["mb"] for one in found)
    assert {one["calls"] for one in found} == {SESSIONS * CALLS}, "every dialogue takes all its rounds"
    print(f"seconds at {LATENCY} s latency  {seconds:6.2f} (median of {len(found)}; at most {MOST_SECONDS})")
    print(f"ratio to the ideal        {seconds / IDEAL:6.2f} (of {IDEAL:g} s)")
    print(f"peak memory, MB           {memory:6.0f} (at most {MOST_MB})")
    return 0 if seconds <= MOST_SECONDS and memory < MOST_MB else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="demo", metavar="FORMAT[:PATH]")
    parser.add_argument("--times", type=int, default=5, help="runs, after one to warm up the server (5)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
