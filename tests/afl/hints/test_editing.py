"""Editing a base by hand."""

import pytest

from afl.errors import UsageError
from afl.hints.editing import add_hint, remove_hint, reword_hint
from afl.hints.hint_records import Effect, HintRecord, Origin, Status, accepted_hints
from afl.hints.knowledge_base import Hint, require_name


@pytest.fixture
def trials() -> tuple[HintRecord, ...]:
    return (
        HintRecord("Look at eras.", Status.ACCEPTED, 1, session="7"),
        HintRecord("Watch Heat.", Status.LEAK, why="it names 'Heat'", session="7"),
        HintRecord("Look abroad.", Status.ACCEPTED, 2, session="8"),
    )


def test_an_added_hint_is_the_last(trials):
    assert accepted_hints(add_hint(trials, " Look\nat directors. "))[-1] == Hint(3, "Look at directors.")


def test_a_reworded_hint_keeps_its_number_and_its_old_words_stay(trials):
    changed = reword_hint(trials, 1, "Look at decades.")
    assert accepted_hints(changed) == (Hint(1, "Look at decades."), Hint(2, "Look abroad."))
    assert (changed[0].text, changed[0].status) == ("Look at eras.", Status.REMOVED)


def test_hints_behind_a_removed_one_move_up(trials):
    changed = remove_hint(trials, 1)
    assert accepted_hints(changed) == (Hint(1, "Look abroad."),)
    assert changed[0].why == "removed by hand"


def test_a_hint_that_is_not_there_cannot_be_changed(trials):
    with pytest.raises(UsageError, match="got hint number 3, expected 1 to 2"):
        remove_hint(trials, 3)


@pytest.mark.parametrize("text", [" \n ", "word " * 300])
def test_a_hint_has_words_and_not_too_many(trials, text):
    with pytest.raises(UsageError, match="got a hint"):
        add_hint(trials, text)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "två ord"])
def test_a_base_has_a_name_that_folders_can_have(name):
    with pytest.raises(UsageError, match="as the name of a knowledge base"):
        require_name(name)


@pytest.mark.parametrize(
    ("before", "after", "gain"), [(None, 1, 1.0), (1, None, -1.0), (3, 1, 0.5), (None, None, 0)]
)
def test_an_effect_gains_what_ndcg_gains(before, after, gain):
    assert Effect("7", before, after).gain == gain


def test_an_origin_comes_back_from_json():
    origin = Origin(("liked it",), ("era",), Effect("7", None, 2), (Effect("8", 1, 3),))
    assert Origin.from_json(origin.to_json()) == origin
    assert Origin().to_json() == {}
