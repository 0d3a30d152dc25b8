"""The films of the demo: enough of everything that somebody can like."""

from collections import Counter

from afl.data.importers.demo.films import films


def test_there_are_at_least_330_films_with_titles_of_their_own():
    titles = {film.title.casefold() for film in films()}
    assert len(titles) == len(films()) >= 330


def test_every_genre_has_at_least_fifteen_films():
    genres = Counter(genre for film in films() for genre in film.genres)
    assert len(genres) == 14
    assert min(genres.values()) >= 15


def test_films_come_from_ten_decades_and_at_least_twenty_countries():
    assert {film.era for film in films()} == {f"{decade}s" for decade in range(1930, 2030, 10)}
    assert len({film.country for film in films()}) >= 20


def test_at_least_sixty_directors_have_three_films_or_more():
    directors = Counter(film.director for film in films())
    assert sum(count >= 3 for count in directors.values()) >= 60


def test_films_stand_in_order_of_year_and_title():
    order = [(film.year, film.title) for film in films()]
    assert order == sorted(order)
