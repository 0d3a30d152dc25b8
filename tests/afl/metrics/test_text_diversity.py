"""Entropy of words and type-token ratio."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.text_diversity import type_token_ratio, word_entropy

TITLES = st.lists(st.text("ab ", max_size=6), max_size=8)


def test_four_words_equally_often_have_two_bits() -> None:
    assert word_entropy(["Heat Ran", "Big Tron", "Tron Big Ran Heat"]) == pytest.approx(2.0)


def test_entropy_worked_by_hand() -> None:
    assert word_entropy(["the sea", "the\tsky"]) == pytest.approx(1.5)


def test_one_word_over_and_over_has_no_entropy() -> None:
    assert [str(word_entropy(titles)) for titles in (["M", "M"], [], [" "])] == ["0.0"] * 3


def test_the_ratio_is_of_distinct_words_to_all() -> None:
    assert type_token_ratio([["the sea"], ["the  sky"]]) == pytest.approx(3 / 4)
    assert type_token_ratio([]) == 0


def test_case_and_marks_make_words_different() -> None:
    assert type_token_ratio([["Sea sea sea:"]]) == 1


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="got lists of 1 to 2 titles, expected as many for every user"):
        type_token_ratio([["Heat"], ["Heat", "Ran"]])


@given(TITLES)
def test_saying_everything_twice_leaves_the_entropy_and_halves_the_ratio(titles: list[str]) -> None:
    assert word_entropy(titles * 2) == pytest.approx(word_entropy(titles))
    assert type_token_ratio([titles * 2]) == pytest.approx(type_token_ratio([titles]) / 2)
