"""Words to aspects: the same table for hints, feedback and the model's own sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.llm.offline.vocabulary import PHRASES, AspectMention, aspect_mentions, aspect_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Look for movies of the same director.", AspectMention("director", 1)),
        ("Prefer less popular titles.", AspectMention("popularity", -1)),
        ("Consider hidden gems", AspectMention("popularity", -1)),
        ("stay within the genre", AspectMention("genre", 1)),
        ("avoid foreign films", AspectMention("country", 1)),
        ("Something from another decade", AspectMention("era", 1)),
        ("older classics", AspectMention("newness", -1)),
    ],
)
def test_a_text_mentions_aspects_with_a_direction(text: str, expected: AspectMention) -> None:
    assert expected in aspect_mentions(text)


def test_a_turning_word_reaches_no_further_than_its_sentence() -> None:
    assert aspect_mentions("Not popular. Same genre.") == (
        AspectMention("popularity", -1),
        AspectMention("genre", 1),
    )


def test_an_attribute_nobody_listed_answers_to_its_own_name() -> None:
    assert aspect_of("Label") == "label"
    assert aspect_mentions("the label matters", ("label",)) == (AspectMention("label", 1),)


@pytest.mark.parametrize(
    ("name", "aspect"), [("class", "genre"), ("release_year", "era"), ("directors", "director")]
)
def test_usual_attribute_names_are_known(name: str, aspect: str) -> None:
    assert aspect_of(name) == aspect


@pytest.mark.parametrize("aspect", sorted(set(PHRASES) - {"other"}))
def test_what_the_model_says_of_an_aspect_is_understood_as_that_aspect(aspect: str) -> None:
    heard = [
        {mention.aspect for mention in aspect_mentions(said)}
        for said in (*PHRASES[aspect].has, *PHRASES[aspect].lacks)
    ]
    assert [aspect in aspects for aspects in heard] == [True] * len(heard)


@given(st.text())
def test_any_text_is_read_without_complaint(text: str) -> None:
    assert all(mention.direction in (-1, 1) for mention in aspect_mentions(text))
