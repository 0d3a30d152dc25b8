"""Explorations over the small data set, against a scripted endpoint."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from simulations import hints_explore
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


@dataclass(frozen=True)
class Explored:
    """A finished exploration: what it reported, what the endpoint was asked, and its database."""

    report: dict[str, Any]
    questions: list[str]
    database: Path


@pytest.fixture(scope="session")
def _explored(_imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Explored:
    home = tmp_path_factory.mktemp("explored") / "home"
    shutil.copytree(_imported, home)
    settings = Settings(AFL_HOME=home, AFL_DB=None, OPENAI_API_KEY=None)  # type: ignore[call-arg]
    with running_server() as server:
        report = hints_explore(
            dataset="small",
            llm="openai:m",
            candidates=20,
            top=5,
            size=6,
            max_sessions=14,
            run="x",
            base_url=server.url,
            settings=settings,
        )
        asked = [request["messages"][-1]["content"] for request in server.requests]
    return Explored(report.to_json(), asked, home / "afl.db")


@pytest.fixture
def explored(small: Path, _explored: Explored) -> Explored:
    """`explored.report`: the exploration `x` of 14 sessions of `small`, done in this AFL_HOME."""
    shutil.copy(_explored.database, small / "afl.db")
    return _explored
