"""The offline model over 1,000 and over very many sessions: speed, memory and room per session.

`python -m benchmarks.scale`; `--sessions 100000` for the run that the aims speak of (ten to twenty minutes).
"""

import argparse
from tempfile import TemporaryDirectory
from typing import Any

from afl.settings import Settings
from benchmarks.fresh import measured
from simulations import import_data

USERS, SMALL, LARGE = 100_000, 1_000, 10_000
MOST_MORE_MB, MOST_CHANGE, LEAST_RATE, MOST_BYTES = 100, 0.15, 150, 5000


def main(arguments: list[str] | None = None) -> int:
    """Prints each figure of the large run beside the small one's; exit code 1 if one falls short."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder:
        home = options.home or folder
        settings = Settings.model_validate({"AFL_HOME": home, "AFL_DB": None, "OPENAI_API_KEY": None})
        import_data("demo", name="demo", users=USERS, settings=settings)
        small, large = (measured("benchmarks.one_run", home, "demo", size) for size in (SMALL, options.sessions))
    rate, before = large["sessions"] / large["seconds"], small["sessions"] / small["seconds"]
    more = large["mb"] - small["mb"]
    room, room_before = (one["bytes"] / one["sessions"] for one in (large, small))
    print(f"sessions/s        {rate:8.1f} ({before:.1f} of {SMALL:,} sessions; at least {LEAST_RATE})")
    print(f"time, ratio       {before / rate:8.2f} (at most {1 + MOST_CHANGE:.2f})")
    print(f"CPU ms a session  {_cpu(large)} (by tenths of the run; {SMALL:,} sessions: {_cpu(small)})")
    print(f"memory, MB more   {more:8.0f} ({large['mb']:.0f} against {small['mb']:.0f}; under {MOST_MORE_MB})")
    print(f"bytes a session   {room:8.0f} ({room_before:.0f}; under {MOST_BYTES})")
    print(f"bytes, ratio      {room / room_before:8.2f} (at most {1 + MOST_CHANGE:.2f})")
    return 0 if _kept(rate, before / rate, more, room, room / room_before) else 1


def _cpu(found: dict[str, Any]) -> str:
    """For machines that are busy with other things: less of a noise than the time that passed."""
    return " ".join(f"{tenth:.1f}" for tenth in found["cpu_ms"])


def _kept(rate: float, slower: float, more: float, room: float, larger: float) -> bool:
    same = slower <= 1 + MOST_CHANGE and larger <= 1 + MOST_CHANGE
    return same and rate >= LEAST_RATE and more < MOST_MORE_MB and room < MOST_BYTES


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=LARGE, help=f"of the large run ({LARGE:,})")
    parser.add_argument("--home", help="keep data and databases here (default: a temporary folder)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
