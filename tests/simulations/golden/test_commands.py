"""What commands print about runs of version 0.1, key by key, and what continuing those runs comes to."""

import pytest

from afl.testing.server import FakeServer
from tests.golden.databases import DATABASES, Golden, StoredCommand, timeless
from tests.simulations.conftest import Afl
from tests.simulations.golden.conftest import Restore


def stored(kind: str) -> pytest.MarkDecorator:
    """Every stored command of a kind, with the database it was given to."""
    pairs = [(golden, command) for golden in DATABASES for command in golden.commands(kind)]
    names = [f"{golden.name}-{command.file.stem}" for golden, command in pairs]
    return pytest.mark.parametrize(("golden", "command"), pairs, ids=names)


@stored("reading")
def test_a_command_that_reads_prints_what_it_printed(
    golden: Golden, command: StoredCommand, restore: Restore, afl: Afl
) -> None:
    restore(golden)
    finished = afl(*command.arguments)
    printed = timeless(finished.json) if finished.out else None
    assert (finished.code, printed) == (command.code, command.json)


@stored("continuing")
def test_a_finished_run_is_continued_without_a_call_and_comes_to_the_same_result(
    golden: Golden, command: StoredCommand, restore: Restore, afl: Afl, endpoint: FakeServer
) -> None:
    restore(golden)
    finished = afl(*command.arguments)
    assert endpoint.counters.chat == 0
    assert (finished.code, timeless(finished.json)) == (command.code, command.json)
