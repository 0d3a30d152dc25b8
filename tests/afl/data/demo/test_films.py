"""The films of the demo: enough of everything that somebody can like."""

from collections import Counter

from afl.data.importers.demo.films import all_films


def test_there_are_at_least_330_films_with_titles_of_their_own():
    titles = {film.title.casefold() for film in all_films()}
    assert len(titles) == len(all_films()) >= 330


def test_every_genre_has_at_least_fifteen_films():
    genres = Counter(genre for film in all_films() for genre in film.genres)
    assert len(genres) == 14
    assert min(genres.values()) >= 15


def test_films_come_from_ten_decades_and_at_least_twenty_countries():
    assert {film.era for film in all_films()} == {f"{decade}s" for decade in range(1930, 2030, 10)}
    assert len({film.country for film in all_films()}) >= 20


def test_at_least_sixty_directors_have_three_films_or_more():
    directors = Counter(film.director for film in all_films())
    assert sum(count >= 3 for count in directors.values()) >= 60


def test_films_stand_in_order_of_year_and_title():
    order = [(film.year, film.title) for film in all_films()]
    assert order == sorted(order)
