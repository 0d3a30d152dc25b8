"""Results depend on data, seed and session: not on order, number of workers or who else is in the run."""

import json
from collections import defaultdict
from collections.abc import Callable

from afl.testing.server import FakeServer
from tests.simulations.conftest import Afl

Exported = Callable[[str], bytes]


def by_session(export: bytes) -> dict[str, list[bytes]]:
    """The lines of each session."""
    lines = defaultdict(list)
    for line in export.splitlines():
        lines[json.loads(line)["session"]].append(line)
    return dict(lines)


def test_one_worker_and_64_give_the_same_bytes(loop: Afl, server: FakeServer, exported: Exported) -> None:
    alone, many = loop(server, "--run", "1", "--concurrency", 1), loop(server, "--run", "64", "--concurrency", 64)
    assert exported("1") == exported("64")
    how = {"run": 0, "seconds": 0, "pace": 0}
    assert {**alone.json, **how} == {**many.json, **how}


def test_a_session_goes_the_same_way_whoever_else_is_in_the_run(
    loop: Afl, server: FakeServer, exported: Exported
) -> None:
    loop(server, "--run", "all")
    loop(server, "--run", "some", "--sessions", 7)
    every, some = by_session(exported("all")), by_session(exported("some"))
    assert len(some) == 7
    assert {session: every[session] for session in some} == some


def test_fewer_sessions_are_the_first_in_an_order_that_the_seed_draws(
    loop: Afl, server: FakeServer, exported: Exported
) -> None:
    loop(server, "--run", "5", "--sessions", 5)
    loop(server, "--run", "9", "--sessions", 9)
    loop(server, "--run", "other seed", "--sessions", 5, "--seed", 304)
    five, nine, other = (set(by_session(exported(name))) for name in ("5", "9", "other seed"))
    assert five < nine
    assert other != five
    assert five != {f"u{number}" for number in range(5)}


def test_the_split_chooses_the_sessions(loop: Afl, server: FakeServer, exported: Exported) -> None:
    for split in ("test", "valid", "train", "all"):
        loop(server, "--run", split, "--split", split, "--rounds", 1, "--candidates", 5)
    test, valid, train, every = (set(by_session(exported(split))) for split in ("test", "valid", "train", "all"))
    assert (len(test), len(valid), len(train)) == (3, 3, 24)
    assert test | valid | train == every
