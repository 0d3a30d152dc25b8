"""The short version of `make torture`: a dozen kills."""

from collections.abc import Iterator
from random import Random

import pytest

from tests.torture.arena import Arena, arena
from tests.torture.series import Series
from tests.torture.ways import at_a_request


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    with arena(tmp_path_factory.mktemp("torture"), sessions=60) as made:
        yield made


@pytest.mark.parametrize("concurrency", [1, 64, 256])
def test_a_run_that_is_killed_again_and_again_loses_nothing_and_asks_nothing_twice(
    concurrency: int, place: Arena
) -> None:
    series = Series(place, concurrency, Random(concurrency))
    series.torture(kills=5, first=[at_a_request] * 3)
    assert series.kills >= 3


def test_a_full_disk_ends_the_command_with_one_line_and_the_run_goes_on_afterwards(place: Arena) -> None:
    place.begin()
    full = place.run(64, file_size=place.database.stat().st_size + 100_000)
    assert full.wait() == 2
    assert full.complaint.startswith(f"afl: database {place.database}: disk I/O error; the disk may be full")
    assert place.run(64).wait() == 0
    assert place.export("afterwards").wait() == 0
    assert (place.folder / "afterwards").read_bytes() == (place.folder / "undisturbed").read_bytes()
