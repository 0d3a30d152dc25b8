"""Filters that reject proposed hints."""

import pytest

from afl.hints.filters import has_same_words, ineffective_reason, named_title
from afl.hints.knowledge_base import Effect

TITLES = [
    "Heat",
    "The Usual Suspects",
    "Piano, The (1993)",
    "Amélie",
    "1984",
    "Ocean's Eleven",
    "Before and After",
]


@pytest.mark.parametrize(
    ("hint", "named"),
    [
        ("Consider thrillers like Heat.", "Heat"),
        ('"Heat" shows the pattern.', "Heat"),
        ("“Heat” shows the pattern.", "Heat"),
        ("Look for films with the usual suspects in them.", "The Usual Suspects"),
        ("Prefer USUAL SUSPECTS to comedies.", "The Usual Suspects"),
        ("Prefer dramas such as The Piano.", "Piano, The (1993)"),
        ("Look at films like Amelie and its kind.", "Amélie"),
        ("Whoever liked Ocean’s Eleven likes heists.", "Ocean's Eleven"),
        ("Mind that Heat's director is liked.", "Heat"),
    ],
)
def test_a_hint_that_names_a_title_is_detected(hint, named):
    assert named_title(hint, TITLES) == named


@pytest.mark.parametrize(
    "hint",
    [
        "Feel the heat of the history.",
        "Heat up slowly.",
        "Think first. Heat comes later.",
        "Hints:\n1. Heat matters.",
        "Prefer films with piano music.",
        "Prefer films from before 1984.",
        "Overheat nothing, Heather.",
        "Weigh what came before after all.",
    ],
)
def test_a_word_that_happens_to_be_a_title_is_no_leak(hint):
    assert named_title(hint, TITLES) is None


def test_titles_in_scripts_without_capitals_are_detected():
    assert named_title("Prefer 羅生門 to others.", ["羅生門"]) == "羅生門"


def test_titles_with_special_characters_are_plain_text():
    assert named_title("What (else)? is liked.", ["What (else)?"]) == "What (else)?"


OWN = Effect("7", None, 3)


@pytest.mark.parametrize(
    ("own", "others", "reason"),
    [
        (Effect("7", None, None), [Effect("8", 4, 1)], "still misses the target"),
        (OWN, [Effect("8", 4, 4), Effect("9", 1, 2)], "helps 0 of 2 other sessions"),
    ],
)
def test_an_ineffective_hint_has_a_reason(own, others, reason):
    assert reason in (ineffective_reason(own, others) or "")


@pytest.mark.parametrize("others", [[Effect("8", None, 10), Effect("9", 1, None)], []])
def test_a_hint_that_fixes_its_own_session_and_helps_another_is_effective(others):
    assert ineffective_reason(OWN, others) is None


def test_case_spaces_and_punctuation_do_not_make_other_words():
    assert has_same_words("Look at eras!", ["look at  Eras"])
    assert not has_same_words("Look at eras.", ["Look at the eras."])
