"""Manual changes of a knowledge base."""

import pytest

from afl.errors import UsageError
from afl.hints.knowledge_base import (
    Effect,
    Hint,
    HintOrigin,
    HintRecord,
    HintStatus,
    accepted_hints,
    add_hint,
    remove_hint,
    require_name,
    reword_hint,
)


@pytest.fixture
def records() -> tuple[HintRecord, ...]:
    return (
        HintRecord("Look at eras.", HintStatus.ACCEPTED, 1, session="7"),
        HintRecord("Watch Heat.", HintStatus.LEAK, reason="it names 'Heat'", session="7"),
        HintRecord("Look abroad.", HintStatus.ACCEPTED, 2, session="8"),
    )


def test_an_added_hint_is_the_last(records):
    assert accepted_hints(add_hint(records, " Look\nat directors. "))[-1] == Hint(3, "Look at directors.")


def test_a_reworded_hint_keeps_its_number_and_its_old_words_stay(records):
    changed = reword_hint(records, 1, "Look at decades.")
    assert accepted_hints(changed) == (Hint(1, "Look at decades."), Hint(2, "Look abroad."))
    assert (changed[0].text, changed[0].status) == ("Look at eras.", HintStatus.REMOVED)


def test_hints_after_a_removed_one_are_renumbered(records):
    changed = remove_hint(records, 1)
    assert accepted_hints(changed) == (Hint(1, "Look abroad."),)
    assert changed[0].reason == "removed by hand"


def test_an_unknown_hint_cannot_be_changed(records):
    with pytest.raises(UsageError, match="got hint number 3, expected 1 to 2"):
        remove_hint(records, 3)


@pytest.mark.parametrize("text", [" \n ", "word " * 300])
def test_an_empty_or_too_long_hint_is_refused(records, text):
    with pytest.raises(UsageError, match=r"got an? (empty )?hint"):
        add_hint(records, text)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "två ord"])
def test_a_name_that_no_folder_can_have_is_refused(name):
    with pytest.raises(UsageError, match="as the name of a knowledge base"):
        require_name(name)


@pytest.mark.parametrize(
    ("before", "after", "gain"), [(None, 1, 1.0), (1, None, -1.0), (3, 1, 0.5), (None, None, 0)]
)
def test_an_effect_gains_what_ndcg_gains(before, after, gain):
    assert Effect("7", before, after).gain == gain


def test_an_origin_is_restored_from_json():
    origin = HintOrigin(("liked it",), ("era",), Effect("7", None, 2), (Effect("8", 1, 3),))
    assert HintOrigin.from_json(origin.to_json()) == origin
    assert HintOrigin().to_json() == {}
