"""The compose file of the guide is one, and what the guide says can be typed."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from simulations.cli.app import find_command

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "examples" / "cluster" / "compose.yaml"
GUIDE = ROOT / "docs" / "cluster.md"


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]  # type: ignore[no-any-return]


def typed(page: Path, command: str) -> list[list[str]]:
    """The words of every line of a page that calls a command, continued lines joined."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ").replace("#   ", "").replace("#     ", "")
    lines = (line.strip() for line in text.splitlines())
    return [
        shlex.split(re.split(rf"\b{command} ", line, maxsplit=1)[1]) for line in lines if is_call(line, command)
    ]


def is_call(line: str, command: str) -> bool:
    return re.match(rf"(docker compose exec head )?{command} ", line) is not None


def options(words: list[str]) -> set[str]:
    return {word.partition("=")[0] for word in words if word.startswith("--")}


def known(words: list[str]) -> set[str]:
    """Every option of the `afl` command that these words name."""
    return {name for parameter in find_command(words).params for name in parameter.opts}


def test_head_and_workers_are_one_image_that_reaches_the_database(services: dict[str, Any]) -> None:
    assert set(services) == {"database", "llm", "head", "worker"}
    head, worker = services["head"], services["worker"]
    assert head["environment"] == worker["environment"]
    assert head["environment"]["AFL_DB"] == "postgresql://afl@database/afl"
    assert services["database"]["environment"]["POSTGRES_PASSWORD"] == head["environment"]["PGPASSWORD"]
    built = FILE.parent / head["build"]["context"]
    assert (built / head["build"]["dockerfile"]).is_file()
    assert (built / "constraints.txt").is_file()


@pytest.mark.parametrize("page", [FILE, GUIDE], ids=["compose.yaml", "cluster.md"])
def test_every_afl_command_has_the_options_it_is_called_with(page: Path) -> None:
    calls = typed(page, "afl")
    assert len(calls) >= 2
    assert [options(words) - known(words) for words in calls] == [set()] * len(calls)


def test_ray_starts_as_it_is_called(services: dict[str, Any]) -> None:
    from ray.scripts.scripts import start

    names = {name for parameter in start.params for name in parameter.opts}
    called = [services[name]["command"][2:] for name in ("head", "worker")]
    called += [words[1:] for words in typed(GUIDE, "ray")]
    assert [options(words) - names for words in called] == [set()] * 4
