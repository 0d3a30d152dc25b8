"""`--tool re2llm:NAME`: the policy's hint in every prompt of the recommendation agent, and in what is kept."""

from pathlib import Path

import pytest

from afl.data.dataset import Dataset
from afl.testing.policies import constant_policy
from afl.testing.server import FakeServer
from tests.simulations.conftest import Afl

HINTS = ("Prefer the obscure.", "Mind the mood.")
LINE = "Advice:\n- Hint: Mind the mood.\n"


@pytest.fixture
def policy(dataset: Dataset, small: Path) -> Path:
    """The folder of a policy that always says the second hint."""
    return constant_policy(dataset, HINTS, choose=2, probability=0.75).save(small / "policies" / "mood").parent


def asked(server: FakeServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in server.requests]


def test_in_a_dialogue_the_recommendation_agent_reads_it_in_every_round(
    loop: Afl, server: FakeServer, policy: Path
) -> None:
    assert loop(server, "--tool", "re2llm:mood", "--run", "x", "--sessions", 3).code == 0
    requests = asked(server)
    assert [LINE in text for text in requests] == ["Recommendation:" not in text for text in requests]


def test_a_ranking_agent_reads_it_too(afl: Afl, server: FakeServer, policy: Path) -> None:
    fixed = "rank --dataset small --split all --llm openai:m --candidates 12 --top 4 --sessions 3 --json"
    assert afl(*fixed.split(), "--base-url", server.url, "--tool", "re2llm:mood").code == 0
    assert [LINE in text for text in asked(server)] == [True] * 3


def test_the_transcript_shows_it_with_its_probability(
    loop: Afl, server: FakeServer, policy: Path, afl: Afl
) -> None:
    loop(server, "--tool", "re2llm:mood", "--run", "x")
    said = afl("inspect", "x", "--session", "u0").out
    assert "advice: Hint: Mind the mood. (probability 0.75)" in said


def test_a_run_does_not_go_on_with_a_policy_that_has_changed(
    loop: Afl, server: FakeServer, policy: Path, dataset: Dataset
) -> None:
    loop(server, "--tool", "re2llm:mood", "--run", "x", "--sessions", 1)
    constant_policy(dataset, HINTS, choose=1).save(policy)
    refused = loop(server, "--tool", "re2llm:mood", "--run", "x", "--sessions", 1)
    assert refused.code == 2
    assert "tools_learned" in refused.complaint


def test_a_missing_policy_is_named(loop: Afl, server: FakeServer, small: Path) -> None:
    refused = loop(server, "--tool", "re2llm:nobody", "--run", "x")
    assert "afl hints train nobody" in refused.complaint
    assert server.requests == []


def test_arms_with_and_without_it_are_compared_over_the_same_sessions(
    afl: Afl, server: FakeServer, policy: Path
) -> None:
    fixed = (
        "evaluate recommendation --dataset small --split all --llm openai:m --base none --reward none --rounds 2"
    )
    arms = "--arm afl --arm afl-without-tools --tool re2llm:mood --run x --json"
    found = afl(*fixed.split(), *arms.split(), "--base-url", server.url).json
    assert [(test["a"], test["b"], test["n"]) for test in found["tests"]] == [("afl-without-tools", "afl", 30)]
    asked_without = [text for text in asked(server) if "Recommendation:" not in text and LINE not in text]
    assert len(asked_without) >= 30


def test_an_arm_without_tools_needs_some_to_go_without(afl: Afl, small: Path) -> None:
    fixed = "evaluate recommendation --dataset small --llm offline --base none --arm afl-without-tools"
    assert "expected tools by name" in afl(*fixed.split()).complaint
