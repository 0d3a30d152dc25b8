"""The truth table of what a run is, and of what its phases are: whoever shows runs reads it here."""

from typing import Any, get_args

import pytest

from afl.types import INDEPENDENT_PHASES, PHASES_WITHOUT_ROUNDS, Phase
from simulations.options.run_options import Protocol
from simulations.task.run_kind import RunKind

KINDS: dict[str, dict[str, Any]] = {
    "dialogue": {"protocol": "dialogue"},
    "judging alone": {"protocol": "dialogue", "loop": False, "ratios": ["1:1"]},
    **{protocol: {"protocol": protocol} for protocol in get_args(Protocol) if protocol != "dialogue"},
}
TABLE = {
    #                recommends dialogue lists  ranks  hints
    "dialogue":      (True,     True,    False, False, False),
    "judging alone": (False,    False,   False, False, False),
    "zero-shot":     (True,     False,   False, False, False),
    "choice":        (True,     False,   False, False, False),
    "shortlist":     (True,     False,   True,  False, False),
    "ranking":       (True,     False,   True,  True,  False),
    "hints":         (False,    False,   False, False, True),
    "exploration":   (False,    False,   False, False, True),
}  # fmt: skip


def test_every_protocol_has_its_line() -> None:
    assert TABLE.keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_the_truth_table(name: str) -> None:
    kind = RunKind.from_config(KINDS[name])
    assert (kind.recommends, kind.has_dialogue, kind.lists, kind.ranks, kind.tries_hints) == TABLE[name]


def test_a_configuration_that_says_nothing_is_a_dialogue() -> None:
    assert RunKind.from_config({}) == RunKind.from_config({"protocol": "dialogue", "loop": True, "ratios": []})


@pytest.mark.parametrize(("name", "stand_in"), [("offline:v3", True), ("openai:gpt-4o-mini", False), ("", False)])
def test_the_stand_in_is_known_by_its_recorded_name(name: str, stand_in: bool) -> None:
    assert RunKind.from_config({"llm_name": name}).stand_in is stand_in


def test_what_the_other_keys_say() -> None:
    kind = RunKind.from_config({"protocol": "hints", "hints": "films", "listed": 10, "ratios": []})
    assert (kind.knowledge_base, kind.listed, kind.judges) == ("films", 10, False)
    assert RunKind.from_config({"ratios": ["1:3"]}).judges


PHASES = {
    #                  rounds  independent remembers label   heading                     step 1
    Phase.LOOP:       (True,  False, True,  "loop",       "",                       "round 1"),
    Phase.JUDGE:      (False, True,  True,  "judging",    "Items judged",           "item 1"),
    Phase.HINTS:      (False, True,  False, "lists",      "Lists with each hint",   "hint 1"),
    Phase.REFLECTION: (False, False, False, "reflection", "Reflection on mistakes", "likely mistakes"),
}  # fmt: skip


@pytest.mark.parametrize("phase", Phase)
def test_the_truth_table_of_phases(phase: Phase) -> None:
    words = (phase.label, phase.heading, phase.step(1))
    assert (phase.counts_rounds, phase.turns_are_independent, phase.remembers_dialogue, *words) == PHASES[phase]


def test_a_step_says_what_its_number_counts() -> None:
    assert Phase.HINTS.step(0) == "without a hint"
    assert [Phase.REFLECTION.step(number) for number in (2, 3, 5)] == ["causes", "hints", "hint 2: redundant?"]


def test_recorded_phases_are_text() -> None:
    assert {"judge", "hints", "reflection"} == PHASES_WITHOUT_ROUNDS
    assert {"judge", "hints"} == INDEPENDENT_PHASES
    assert "a-plug-in's" not in PHASES_WITHOUT_ROUNDS
    assert (Phase.of("judge"), Phase.of("a-plug-in's")) == (Phase.JUDGE, Phase.LOOP)
