"""`make torture`: 200 kills at random points, at concurrency 1, 64 and 256, and nothing lost."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from itertools import cycle
from pathlib import Path
from random import Random

from tests.torture.arena import arena
from tests.torture.series import Series, TortureError

CONCURRENCIES = (1, 64, 256)
SESSIONS = 280
"""More than the highest concurrency."""
A_SERIES = 12


def main() -> int:
    """0 if every run ended like an undisturbed one, else 1; the same seed aims at the same points."""
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=main.__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=303)
    options = parser.parse_args()
    started = time.monotonic()
    done: list[Series] = []
    with tempfile.TemporaryDirectory() as folder, arena(Path(folder), sessions=SESSIONS) as place:
        for concurrency in cycle(CONCURRENCIES):
            if (left := options.kills - sum(series.kills for series in done)) <= 0:
                break
            series = Series(place, concurrency, Random(f"{options.seed} {len(done)}"))
            done.append(series)
            try:
                series.torture(min(A_SERIES, max(left, 2)))
            except TortureError as error:
                sys.stderr.write(f"torture: seed {options.seed}: {error}\n")
                return 1
            print(
                f"concurrency {concurrency}: {series.kills} kills, {series.repeated} requests repeated", flush=True
            )
    _show(done, time.monotonic() - started)
    return 0


def _show(done: list[Series], seconds: float) -> None:
    deaths = sum((series.deaths for series in done), Counter[str]())
    for said, count in sorted(deaths.items()):
        print(f"{count:5}  {said}")
    kills, torn = sum(series.kills for series in done), sum(series.half_written for series in done)
    print(
        f"{kills} kills with -9 over {len(done)} runs in {seconds:.0f} s, {torn} of the deaths inside a transaction"
    )
    for concurrency in CONCURRENCIES:
        of = [series for series in done if series.concurrency == concurrency]
        repeated, ends = sum(series.repeated for series in of), sum(series.deaths.total() for series in of)
        print(f"concurrency {concurrency}: {repeated} requests repeated after {ends} deaths, nothing lost")


if __name__ == "__main__":
    sys.exit(main())
