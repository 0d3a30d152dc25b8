"""Words to aspects: the same table for hints, feedback and the model's own sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.offline.vocabulary import SPOKEN, Mention, aspect_of, mentions


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Look for movies of the same director.", Mention("director", 1)),
        ("Prefer less popular titles.", Mention("popularity", -1)),
        ("Consider hidden gems", Mention("popularity", -1)),
        ("stay within the genre", Mention("genre", 1)),
        ("avoid foreign films", Mention("country", 1)),
        ("Something from another decade", Mention("era", 1)),
        ("older classics", Mention("newness", -1)),
    ],
)
def test_a_text_mentions_aspects_with_a_direction(text: str, expected: Mention) -> None:
    assert expected in mentions(text)


def test_a_turning_word_reaches_no_further_than_its_sentence() -> None:
    assert mentions("Not popular. Same genre.") == (Mention("popularity", -1), Mention("genre", 1))


def test_an_attribute_nobody_listed_answers_to_its_own_name() -> None:
    assert aspect_of("Label") == "label"
    assert mentions("the label matters", ("label",)) == (Mention("label", 1),)


@pytest.mark.parametrize(
    ("name", "aspect"), [("class", "genre"), ("release_year", "era"), ("directors", "director")]
)
def test_usual_attribute_names_are_known(name: str, aspect: str) -> None:
    assert aspect_of(name) == aspect


@pytest.mark.parametrize("aspect", sorted(set(SPOKEN) - {"other"}))
def test_what_the_model_says_of_an_aspect_is_understood_as_that_aspect(aspect: str) -> None:
    heard = [
        {mention.aspect for mention in mentions(said)} for said in (*SPOKEN[aspect].has, *SPOKEN[aspect].lacks)
    ]
    assert [aspect in aspects for aspects in heard] == [True] * len(heard)


@given(st.text())
def test_any_text_is_read_without_complaint(text: str) -> None:
    assert all(mention.direction in (-1, 1) for mention in mentions(text))
