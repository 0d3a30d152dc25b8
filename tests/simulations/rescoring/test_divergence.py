"""What a turn that is read otherwise means for the rest of its session."""

from dataclasses import replace

import pytest

from afl.types import CallKey, Outcome, Phase, Role
from memory.records import TurnRecord
from simulations.rescoring.sessions import DialogueShape, Divergence

LOOP = DialogueShape.from_config({"rounds": 4})
JUDGED = DialogueShape.from_config({"rounds": 4, "ratios": ["1:1"]})


def item(title: str | None, *, round: int = 1, attempt: int = 0, outcome: Outcome = Outcome.OK) -> TurnRecord:
    return TurnRecord(key=CallKey("7", "loop", round, Role.RECOMMENDATION, attempt), outcome=outcome, item=title)


def decision(yes: bool | None, *, round: int = 1, outcome: Outcome = Outcome.OK) -> TurnRecord:
    return TurnRecord(key=CallKey("7", "loop", round, Role.USER, 0), outcome=outcome, decision=yes)


UNPARSED = Outcome.UNPARSED
TRUTHS = {
    "the same answer": (LOOP, item("Air"), item("Air"), Divergence.SAME),
    "only the reason": (LOOP, item("Air"), replace(item("Air"), reason="slow"), Divergence.SAME),
    "another item": (LOOP, item("Air"), item("Low"), Divergence.OTHER),
    "another item, nobody responds": (replace(LOOP, user=False), item("Air"), item("Low"), Divergence.SAME),
    "no becomes yes": (LOOP, decision(False), decision(True), Divergence.ENDS),
    "no becomes yes, then judging": (JUDGED, decision(False), decision(True), Divergence.ENDS),
    "yes becomes no": (LOOP, decision(True), decision(False), Divergence.GOES_ON),
    "yes becomes no in the last round": (LOOP, decision(True, round=4), decision(False, round=4), Divergence.SAME),
    "the same before judging": (JUDGED, decision(True, round=4), decision(False, round=4), Divergence.OTHER),
    "an item is found": (LOOP, item(None, outcome=UNPARSED, attempt=2), item("Air"), Divergence.GOES_ON),
    "no item is found": (LOOP, item("Air"), item(None, outcome=UNPARSED), Divergence.REPAIR),
    "no item after all repairs": (
        LOOP,
        item("Air", attempt=2),
        item(None, outcome=UNPARSED, attempt=2),
        Divergence.ENDS,
    ),
    "a refusal to take part": (LOOP, decision(False), decision(None, outcome=Outcome.DECLINED), Divergence.ENDS),
    "one failure for another": (
        LOOP,
        item(None, outcome=UNPARSED, attempt=2),
        item(None, outcome=Outcome.OFF_LIST, attempt=2),
        Divergence.SAME,
    ),
}


@pytest.mark.parametrize(("shape", "was", "now", "course"), TRUTHS.values(), ids=TRUTHS.keys())
def test_the_divergence_follows_from_the_next_step_before_and_after(
    shape: DialogueShape, was: TurnRecord, now: TurnRecord, course: Divergence
) -> None:
    assert shape.divergence(was, now) is course


def test_a_judgement_has_no_effect_on_other_turns() -> None:
    no = TurnRecord(key=CallKey("7", Phase.JUDGE, 3, Role.USER, 0), outcome=Outcome.OK, item="Air", decision=False)
    assert JUDGED.divergence(no, replace(no, decision=True)) is Divergence.SAME


def test_another_list_is_another_choice_for_the_user_agent() -> None:
    listed = replace(item("Air"), ranking=("Air", "Low"))
    shorter = replace(listed, ranking=("Air", "Muse"))
    assert DialogueShape.from_config({"protocol": "shortlist"}).divergence(listed, shorter) is Divergence.OTHER
    assert DialogueShape.from_config({"protocol": "ranking"}).divergence(listed, shorter) is Divergence.SAME


def test_the_shape_of_a_run_is_read_from_its_configuration() -> None:
    judged = DialogueShape.from_config({"rounds": 3, "ratios": ["1:1"]})
    assert (judged.kind.protocol, judged.rounds, judged.user, judged.kind.judges) == ("dialogue", 3, True, True)
    alone = DialogueShape.from_config({"rounds": 1, "user": False})
    assert (alone.kind.protocol, alone.rounds, alone.user, alone.kind.judges) == ("dialogue", 1, False, False)
