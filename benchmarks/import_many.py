"""Imports 30 million generated ratings in MovieLens' published format: how long, and how much memory at most.

`python -m benchmarks.import_many [--rows N] [--folder DIR]`; about 900 MB of CSV are written to a temporary folder.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

ROWS = 30_000_000
USERS, MOVIES = 200_000, 85_000  # as many as in the release of 32 million
SECONDS, GIGABYTES = 120, 8

IMPORT = """
import resource, sys
from pathlib import Path
from afl.settings import Settings
from simulations import import_data
info = import_data("movielens", sys.argv[1], name="many", settings=Settings(AFL_HOME=sys.argv[2]))
print(info.interactions, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def main(argv: list[str] | None = None) -> int:
    """Prints time and memory of `afl data import movielens`; exit code 1 where either is more than promised."""
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source = Path(folder) / "ml-many"
        write_release(source, options.rows)
        start = perf_counter()
        told = subprocess.run(
            [sys.executable, "-c", IMPORT, source, Path(folder) / "home"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        seconds = perf_counter() - start
        size = (source / "ratings.csv").stat().st_size / 1e9
    gigabytes = int(told[1]) / 2**20
    print(f"ratings        {int(told[0]):,} ({size:.2f} GB of CSV)")
    print(f"import         {seconds:.0f} s (aim {SECONDS})")
    print(f"most memory    {gigabytes:.1f} GB (aim {GIGABYTES})")
    return int(seconds > SECONDS or gigabytes > GIGABYTES)


def write_release(folder: Path, rows: int, *, movies: int = MOVIES) -> None:
    """`movies.csv` and `ratings.csv`, by user as the releases have them; some movies are rated far more often."""
    folder.mkdir()
    draws = np.random.default_rng(303)
    numbers = range(1, movies + 1)
    names = [f'"Film {n}, The ({1930 + n % 90})"' for n in numbers]
    lines = (f"{n},{name},Comedy|Drama\n" for n, name in zip(numbers, names, strict=True))
    (folder / "movies.csv").write_text("movieId,title,genres\n" + "".join(lines), encoding="utf-8")
    users = np.sort(draws.integers(1, USERS + 1, rows, dtype=np.int32))
    pl.DataFrame(
        {
            "userId": users,
            "movieId": (movies * draws.random(rows) ** 3).astype(np.int32) + 1,
            "rating": draws.integers(1, 11, rows, dtype=np.int8) / 2,
            "timestamp": draws.integers(789_652_009, 1_697_164_147, rows, dtype=np.int64),
        }
    ).write_csv(folder / "ratings.csv", float_precision=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--folder", type=Path, help="where the files are written; by default the system's")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
