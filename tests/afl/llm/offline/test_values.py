"""Which values of a catalogue a text names, and which items have them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain
from afl.llm.offline.knowledge import Knowledge
from afl.llm.offline.values import AspectValues, AttributeValues, ValueMention

FILMS = {
    "Psycho": {
        "genre": ("Horror", "Thriller"),
        "year": ("1960",),
        "country": ("USA",),
        "director": ("Hitchcock A.",),
    },
    "Mon oncle": {"genre": ("Comedy",), "year": ("1958",), "country": ("France", "Italy"), "director": ("Tati",)},
    "Ran": {"genre": ("Drama", "War"), "year": ("1985",), "country": ("Japan",), "director": ("Akira Kurosawa",)},
    "Alien": {"genre": ("Sci-Fi",), "year": ("1979",), "country": ("UK",), "director": ("Ridley Scott",)},
    "Senna": {"genre": ("Documentary",), "year": ("2010",), "country": ("UK",), "director": ("Asif Kapadia",)},
}


@pytest.fixture(scope="module")
def values() -> AttributeValues:
    none = Sequences.of([])
    films = Catalogue.build(list(FILMS), attributes=list(FILMS.values()))
    train = Sequences.of([Sequence("u", (0, 1, 2, 3))])
    splits = {Split.TRAIN: train, Split.VALID: none, Split.TEST: none}
    return AttributeValues(Knowledge(Dataset("films", "test", get_domain("movie"), films, splits)))


def named(aspect: str, *values: str, direction: int = 1) -> ValueMention:
    return ValueMention(AspectValues(aspect, values), direction)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Look for Horror movies.", named("genre", "Horror")),
        ("Focus on films with a strong comedic element", named("genre", "Comedy")),
        ("Consider recommending documentaries", named("genre", "Documentary")),
        ("include science fiction", named("genre", "Sci-Fi")),
        ("Avoid thrillers.", named("genre", "Thriller", direction=-1)),
        ("movies from France", named("country", "France")),
        ("mainstream American cinema", named("country", "USA")),
        ("particularly from Asia", named("country", "Japan")),
        ("movies by akira kurosawa", named("director", "Akira Kurosawa")),
        ("movies of the 1980s", named("era", "1980s")),
        ("the films of the '60s", named("era", "1960s")),
    ],
)
def test_a_text_names_values_in_many_ways(values: AttributeValues, text: str, expected: ValueMention) -> None:
    assert values.mentions(text) == (expected,)


def test_a_turning_word_reaches_no_further_than_its_sentence(values: AttributeValues) -> None:
    assert values.mentions("No comedies. Horror!") == (
        named("genre", "Comedy", direction=-1),
        named("genre", "Horror"),
    )


def test_a_text_without_values_names_none(values: AttributeValues) -> None:
    assert values.mentions("Pay attention to the genre of what was watched before.") == ()


def test_a_column_tells_who_has_a_value_and_is_standardised(values: AttributeValues) -> None:
    column = values.column(AspectValues("era", ("1960s", "1980s")), np.array([0, 1, 2, 3, -1]))
    assert column == pytest.approx(np.array([3, -2, 3, -2, -2]) / np.sqrt(6))


def test_a_value_that_no_candidate_has_or_all_have_moves_none(values: AttributeValues) -> None:
    assert not values.column(AspectValues("genre", ("Horror",)), np.array([1, 2])).any()
    assert not values.column(AspectValues("country", ("UK",)), np.array([3, 4])).any()


def test_of_a_year_the_decade_is_its_value(values: AttributeValues) -> None:
    assert values.of(0, "era") == ("1960s",)
    assert values.of(-1, "era") == ()


@given(st.text())
def test_any_text_is_read_without_complaint(values: AttributeValues, text: str) -> None:
    assert all(direction in (-1, 1) for _, direction in values.mentions(text))
