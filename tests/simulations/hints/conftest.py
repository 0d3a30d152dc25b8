"""Explorations over the small data set, against a scripted endpoint."""

from collections.abc import Callable
from pathlib import Path

import pytest

from afl.testing.server import FakeServer
from tests.simulations.conftest import Afl, Finished

Explore = Callable[..., Finished]


def explore_arguments(server: FakeServer, *more: object) -> list[str]:
    """An exploration of 14 training sessions of `small`: a batch of eight and one of six."""
    fixed = (
        "hints explore --dataset small --llm openai:m --candidates 20 --top 5 --size 6 --max-sessions 14 --json"
    )
    return [*fixed.split(), "--base-url", server.url, *map(str, more)]


@pytest.fixture
def explore(afl: Afl, small: Path) -> Explore:
    """`explore(server, "--run", "x")`: an exploration from the command line."""
    return lambda server, *more: afl(*explore_arguments(server, *more))
