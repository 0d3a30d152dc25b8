"""The taste model: recomputable from the id, and what the viewers' choices follow."""

import pytest

from afl.data.importers.demo.films import all_films
from afl.data.importers.demo.taste import (
    MAIN,
    Aspect,
    Taste,
    below,
    likes,
    preference,
    preferred_values,
    taste_of,
    tastes,
    user_id,
)
from afl.draws import generator

THRILLERS = Taste("u000001", Aspect.GENRE, "Thriller", Aspect.ERA, "1960s")


def item(title: str) -> int:
    return next(number for number, film in enumerate(all_films()) if film.title == title)


def test_a_taste_follows_from_the_id_alone():
    assert tastes(["u000007", "u000001"]) == [taste_of("u000007"), taste_of("u000001")]


def test_the_second_aspect_is_never_the_main_one():
    assert all(taste.aspect is not taste.second_aspect for taste in tastes(map(user_id, range(1, 500))))


def test_films_of_both_values_are_wanted_most_then_the_main_then_the_second_value():
    wanted = [preference(THRILLERS, item(title)) for title in ("Psycho", "Rear Window", "Yojimbo", "Ran")]
    assert wanted == sorted(wanted, reverse=True)
    assert len(set(wanted)) == 4


def test_films_of_the_main_value_together_outweigh_all_others_as_documented():
    weights = [(likes(THRILLERS, number), preference(THRILLERS, number)) for number in range(len(all_films()))]
    of_main = sum(weight for liked, weight in weights if liked)
    assert of_main == MAIN * sum(weight for liked, weight in weights if not liked)


@pytest.mark.parametrize(
    ("aspect", "value"),
    [
        (Aspect.GENRE, "Western"),
        (Aspect.ERA, "1930s"),
        (Aspect.DIRECTOR, "Akira Kurosawa"),
        (Aspect.COUNTRY, "France"),
        (Aspect.POPULARITY, "little known"),
    ],
)
def test_each_aspect_has_values_to_prefer(aspect, value):
    assert value in preferred_values(aspect)


def test_values_that_say_little_are_nobodys_taste():
    assert "Drama" not in preferred_values(Aspect.GENRE)
    assert "USA" not in preferred_values(Aspect.COUNTRY)


def test_draws_below_a_number_reach_all_of_its_range():
    draws = generator("test")
    assert {below(draws, 5) for _ in range(200)} == {0, 1, 2, 3, 4}
