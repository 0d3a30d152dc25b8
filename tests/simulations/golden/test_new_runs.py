"""What version 0.1 draws, says and trains over a data set that is imported anew."""

import gzip
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.golden.databases import HERE, NEW, StoredCommand, commands, timeless
from tests.golden.record import IMPORT
from tests.simulations.conftest import Afl

PROMPTS = HERE.parents[1] / "agents" / "prompts"


@pytest.fixture
def imported(home: Path, afl: Afl) -> None:
    """The demo data set with 30 users."""
    afl(*IMPORT)


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("command", commands(NEW / "runs"), ids=lambda command: command.file.stem)
def test_a_new_run_has_the_configuration_lists_and_bytes_it_had(
    command: StoredCommand, afl: Afl, exported: Callable[[str], bytes]
) -> None:
    assert afl(*command.arguments).code == command.code
    assert {run["name"]: run["config"] for run in afl("runs", "--json").json["runs"]} == command.json
    stored = {run: gzip.decompress((NEW / "exports" / f"{run}.jsonl.gz").read_bytes()) for run in command.json}
    assert {run: exported(run) for run in command.json} == stored


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("command", commands(NEW / "models"), ids=lambda command: command.file.stem)
def test_a_base_model_learns_what_it_learned_and_is_kept_under_the_same_name(
    command: StoredCommand, afl: Afl
) -> None:
    assert timeless(afl(*command.arguments).json) == command.json


def test_the_built_in_prompts_are_what_they_were() -> None:
    # The past tense had no field of its own: rendered, the texts are the same (tests/agents/test_prompts.py).
    texts = {file.name: file.read_bytes().replace(b"$past_tense", b"$past") for file in PROMPTS.glob("*.txt")}
    prompts = {name: sha256(text).hexdigest() for name, text in texts.items()}
    recorded = json.loads((HERE / "prompts.json").read_text("utf-8"))
    assert {name: prompts.get(name) for name in recorded} == recorded
