"""Runs of version 0.1: exported to the same bytes, replayed, continued."""

from collections.abc import Callable

import pytest

from afl.testing.server import FakeServer
from tests.golden.databases import DATABASES, FAILURES, SHARED_GOOD, Golden
from tests.simulations.conftest import Afl
from tests.simulations.golden.conftest import Restore

Export = Callable[[str], bytes]
EVERY_RUN = [(golden, run) for golden in DATABASES for run in golden.runs]


@pytest.mark.parametrize(("golden", "run"), EVERY_RUN, ids=[f"{golden.name}-{run}" for golden, run in EVERY_RUN])
def test_a_run_is_exported_to_the_same_bytes(golden: Golden, run: str, restore: Restore, exported: Export) -> None:
    restore(golden)
    assert exported(run) == golden.export(run)


@pytest.mark.parametrize("run", ["failures", "cached", "tool", "reference", "alone"])
def test_dialogues_with_failures_tools_and_memories_are_replayed_to_the_same_bytes(
    run: str, restore: Restore, afl: Afl, exported: Export
) -> None:
    restore(FAILURES)
    afl("simulate", "--replay", run, "--run", "again")
    assert exported("again") == FAILURES.export(run)


def test_a_larger_run_is_replayed_to_the_same_bytes(restore: Restore, afl: Afl, exported: Export) -> None:
    restore(SHARED_GOOD)
    assert afl("simulate", "--replay", "loop", "--run", "again", "--json").json["llm"]["calls"] == 0
    assert exported("again") == SHARED_GOOD.export("loop")


def test_judged_items_are_replayed_to_the_same_bytes(restore: Restore, afl: Afl, exported: Export) -> None:
    restore(FAILURES)
    asked = "evaluate user --dataset demo --llm openai:gpt-4o-mini --split all --sessions 6 --rounds 2 --items 4"
    models = "--ratio 1:1 --ratio 1:3 --recommender popularity --reward popularity"
    afl(*asked.split(), *models.split(), "--replay", "judged", "--run", "again")
    assert exported("again-agent") == FAILURES.export("judged-agent")
    assert exported("again-afl") == FAILURES.export("judged-afl")


def test_what_got_no_reply_is_asked_again(restore: Restore, afl: Afl, endpoint: FakeServer) -> None:
    restore(FAILURES)
    asked = (
        "simulate --dataset demo --llm openai:gpt-4o-mini --split all --sessions 10 --rounds 2 --run interrupted"
    )
    continued = afl(*asked.split(), "--recommender", "popularity", "--reward", "popularity", "--json")
    assert continued.code == 0
    assert (continued.json["completed"], continued.json["failed"]) == (10, 0)
    assert continued.json["llm"]["calls"] == endpoint.counters.chat > 9
