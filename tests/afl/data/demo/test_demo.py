"""The demo importer: the same bytes everywhere, a taste behind every viewer, days that hold together."""

from itertools import groupby, pairwise
from pathlib import Path
from statistics import mean

import pytest

from afl.data.dataset import Dataset, Sequence, Split
from afl.data.importers import ImportOptions
from afl.data.importers.demo import import_demo
from afl.data.importers.demo.taste import Aspect, likes, taste_of, tastes
from afl.data.importers.demo.viewing import DAY
from afl.errors import UsageError

HASH = "55530364cbaa9aebe2d1ec48475f43ca220ba1e0853a9b7a5f2546435e262672"


@pytest.fixture(scope="module")
def demo() -> Dataset:
    return import_demo(None, ImportOptions("demo"))


@pytest.fixture(scope="module")
def viewers(demo: Dataset) -> dict[str, Sequence]:
    return {viewer.id: viewer for sequences in demo.splits.values() for viewer in sequences}


def days(viewer: Sequence) -> list[list[int]]:
    """The viewer's items, day by day."""
    watched = zip(viewer.timestamps or (), viewer.items, strict=True)
    return [[item for _, item in day] for _, day in groupby(watched, lambda watch: watch[0] // DAY)]


def test_a_thousand_viewers_are_the_same_bytes_on_every_machine(demo):
    assert demo.hash == HASH


def test_viewers_are_divided_8_1_1(demo):
    assert [len(demo.splits[split]) for split in Split] == [800, 100, 100]


def test_a_viewer_is_the_same_however_many_there_are(viewers):
    few = import_demo(None, ImportOptions("few"), users=50)
    assert all(viewers[viewer.id] == viewer for sequences in few.splits.values() for viewer in sequences)


def test_viewers_watch_eight_to_forty_films_around_twenty_and_none_twice(viewers):
    lengths = [len(viewer.items) for viewer in viewers.values()]
    assert min(lengths) >= 8
    assert max(lengths) <= 40
    assert 17 <= mean(lengths) <= 22
    assert all(len(set(viewer.items)) == len(viewer.items) for viewer in viewers.values())


def test_time_runs_strictly_forward(viewers):
    steps = [step for viewer in viewers.values() for step in pairwise(viewer.timestamps or ())]
    assert all(earlier < later for earlier, later in steps)


def test_days_hold_one_to_eight_films_and_most_viewers_have_days_of_four_or_more(viewers):
    sizes = [[len(day) for day in days(viewer)] for viewer in viewers.values()]
    assert max(map(max, sizes)) == 8
    assert mean(sum(size >= 4 for size in viewer) for viewer in sizes) > 2.5


def test_a_day_of_four_or_more_films_is_mostly_of_the_main_taste(viewers):
    shares = [
        mean(likes(taste_of(viewer.id), item) for item in day)
        for viewer in viewers.values()
        for day in days(viewer)
        if len(day) >= 4
    ]
    assert mean(shares) > 0.7


def test_every_film_is_watched_by_somebody(demo, viewers):
    assert {item for viewer in viewers.values() for item in viewer.items} == set(range(len(demo.catalogue)))


def test_every_aspect_is_the_main_one_of_many_viewers(viewers):
    main = [taste.aspect for taste in tastes(viewers)]
    assert min(main.count(aspect) for aspect in Aspect) > 30


def test_titles_are_shown_as_they_are_and_attributes_say_the_rest(demo):
    film = demo.catalogue.by_title["seven samurai"]
    assert demo.catalogue.titles[film] == "Seven Samurai"
    assert demo.catalogue.attributes[film] == {
        "genre": ("Action", "Drama"),
        "year": ("1954",),
        "era": ("1950s",),
        "director": ("Akira Kurosawa",),
        "country": ("Japan",),
    }


def test_the_data_set_does_not_tell_a_viewers_taste(demo):
    assert demo.notes == {"source": "real films, synthetic viewers"}


def test_a_path_is_refused():
    with pytest.raises(UsageError, match=r"got path 'films.csv', but demo takes none"):
        import_demo(Path("films.csv"), ImportOptions("demo"))


@pytest.mark.parametrize("users", [0, 9, 100_001])
def test_too_few_or_too_many_viewers_are_refused(users):
    with pytest.raises(UsageError, match=rf"--users: got {users}, expected 10 to 100,000"):
        import_demo(None, ImportOptions("demo"), users=users)
