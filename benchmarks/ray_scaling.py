"""The same offline run by one process and by workers: how much faster, and whether every byte is the same.

`python -m benchmarks.ray_scaling`; `--postgresql URL` has two workers write to that database too, `--own-postgresql`
starts a server for it. Two free processors are what the ratio is about. What they could give at most is measured beside
it: two processes that share nothing, each with a run and a database of its own.
"""

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from afl.settings import Settings
from benchmarks.fresh import measured
from simulations import import_data

USERS, SESSIONS, LEAST_RATIO = 5_000, 1_000, 1.7
APART = "two processes apart"


def main(arguments: list[str] | None = None) -> int:
    """Prints sessions a second of each engine; 1 where two workers are too slow beside one, or exports differ."""
    options = _parser().parse_args(arguments)
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = Settings.model_validate({"AFL_HOME": folder, "AFL_DB": None, "OPENAI_API_KEY": None})
        import_data("demo", name="demo", users=USERS, settings=settings)
        url = stack.enter_context(_own_server()) if options.own_postgresql else options.postgresql
        found = [_pair(folder, options.sessions, number) for number in range(options.pairs)]
        if url is not None:
            found[0]["two workers, PostgreSQL"] = _run(folder, options.sessions, "postgresql", url, "ray", 2)
    for name in found[0]:
        _show(name, [pair[name] for pair in found if name in pair])
    ratio, whole, apart = (
        median(_rate(pair[name]) / _rate(pair[other]) for pair in found)
        for name, other in (("two workers", "one worker"), ("two workers", "one process"), (APART, "one process"))
    )
    exports = {one["export"] for pair in found for one in pair.values()}
    print(
        f"two workers are {ratio:.2f} times as fast as one (at least {LEAST_RATIO}), {whole:.2f} times as one process"
    )
    print(f"two processes that share nothing are {apart:.2f} times as fast as one")
    print("exports are equal" if len(exports) == 1 else f"{len(exports)} different exports")
    return 0 if ratio >= LEAST_RATIO and len(exports) == 1 else 1


def _pair(folder: str, sessions: int, number: int) -> dict[str, dict[str, Any]]:
    engines = {"one process": ("local",), "one worker": ("ray", 1), "two workers": ("ray", 2)}
    found = {}
    for name, engine in engines.items():
        run = f"{name.replace(' ', '-')}-{number}"
        found[name] = _run(folder, sessions, run, f"sqlite:///{folder}/{run}.db", *engine)
    return found | {APART: _apart(folder, sessions, number)}


def _apart(folder: str, sessions: int, number: int) -> dict[str, Any]:
    """Two whole runs at the same time, counted as one of twice as many sessions."""

    def run(name: str) -> dict[str, Any]:
        return _run(folder, sessions, name, f"sqlite:///{folder}/{name}.db", "local")

    with ThreadPoolExecutor() as pool:
        one, other = pool.map(run, (f"apart-{number}-a", f"apart-{number}-b"))
    slower = max(one, other, key=lambda found: found["seconds"])
    return slower | {"sessions": one["sessions"] + other["sessions"]}


def _run(folder: str, sessions: int, run: str, db: str, *engine: object) -> dict[str, Any]:
    return measured("benchmarks.engine_run", folder, "demo", sessions, run, db, *engine)


def _rate(found: dict[str, Any]) -> float:
    return float(found["sessions"] / found["seconds"])


def _show(name: str, found: list[dict[str, Any]]) -> None:
    rate, around, cpu = (median(values) for values in zip(*map(_numbers, found), strict=True))
    print(
        f"{name:24} {rate:7.1f} sessions/s, {around:5.1f} s around it, {cpu:6.2f} ms of CPU a session in the holder"
    )


def _numbers(found: dict[str, Any]) -> tuple[float, float, float]:
    return _rate(found), found["around"], found["cpu_ms"]


@contextmanager
def _own_server() -> Iterator[str]:
    from tests.postgresql import running_postgresql

    with running_postgresql() as server:
        yield server.new_url()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help=f"of the run ({SESSIONS:,})")
    parser.add_argument("--pairs", type=int, default=1, help="measurements of each, in turns")
    parser.add_argument("--postgresql", metavar="URL", help="a database for two more workers")
    parser.add_argument("--own-postgresql", action="store_true", help="the same, on a server started for it")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
