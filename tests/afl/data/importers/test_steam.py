import gzip
import json
from pathlib import Path

import pytest

from afl.data.dataset import Split
from afl.data.importers import ImportOptions
from afl.data.importers.steam import import_steam
from afl.errors import DataError

OPTIONS = ImportOptions("mine")
REVIEW = (
    "{{u'username': u'{user}', u'hours': u'0.1', u'products': u'41', u'product_id': u'{game}', u'page_order': 0, "
    "u'date': u'{day}', u'text': u'It\\'s \\xe9pique', u'early_access': False, u'page': 1}}"
)
GAMES = (
    "{u'publisher': u'Kotoshiro', u'genres': [u'Action', u'Indie'], u'app_name': u'Lost Summoner Kitty', "
    "u'title': u'Lost Summoner Kitty', u'url': u'http://x', u'release_date': u'2018-01-04', u'tags': [u'Strategy'], "
    "u'price': 4.99, u'early_access': False, u'id': u'761140', u'developer': u'Kotoshiro'}",
    "{u'app_name': u'Pok\\xe9-like', u'release_date': u'Coming Soon', u'id': u'20'}",
    "{u'url': u'http://store.steampowered.com/', u'genres': []}",
)


def reviews(folder: Path, *lines: str, name: str = "steam_reviews.json.gz") -> None:
    (folder / name).write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two games; Ann reviewed 20 the day before 761140."""
    later, earlier = (REVIEW.format(user="Ann \\u2665", game=game, day=day) for game, day in
                      (("761140", "2017-12-17"), ("20", "2017-12-16")))  # fmt: skip
    reviews(tmp_path, later, earlier, REVIEW.format(user="Bob", game="99", day="2011-01-01"))
    (tmp_path / "steam_games.json.gz").write_bytes(gzip.compress(("\n".join(GAMES) + "\n").encode()))
    return tmp_path


def test_users_are_sequences_by_day(folder: Path) -> None:
    dataset = import_steam(folder, OPTIONS)
    bob, ann = dataset.splits[Split.TRAIN]
    assert (bob.id, ann.id, ann.items) == ("Bob", "Ann \u2665", (0, 2))
    assert ann.timestamps == (1513382400, 1513468800)
    assert (dataset.domain.name, dataset.notes["order"][:6]) == ("game", "by day")


def test_games_carry_genre_tag_developer_and_year_where_these_are_known(folder: Path) -> None:
    catalogue = import_steam(folder, OPTIONS).catalogue
    assert catalogue.titles == ("Pok\xe9-like", "99", "Lost Summoner Kitty")
    assert catalogue.attributes[:2] == ({}, {})
    assert catalogue.attributes[2] == {
        "genre": ("Action", "Indie"), "tag": ("Strategy",), "developer": ("Kotoshiro",), "year": ("2018",),
    }  # fmt: skip


def test_reviews_of_one_day_keep_the_order_of_the_file(folder: Path) -> None:
    reviews(folder, *(REVIEW.format(user="A", game=game, day="2017-12-17") for game in ("761140", "20")))
    assert import_steam(folder, OPTIONS).splits[Split.TRAIN][0].items == (1, 0)


def test_json_lines_and_unpacked_files_are_read_too(folder: Path) -> None:
    (folder / "steam_reviews.json.gz").unlink()
    line = json.dumps({"username": "Ann", "product_id": "20", "date": "2017-12-17"})
    (folder / "steam_reviews.json").write_text(line + "\n")
    assert import_steam(folder, OPTIONS).splits[Split.TRAIN][0].id == "Ann"


def test_a_name_that_cannot_be_shown_stays_itself(folder: Path) -> None:
    reviews(folder, *(REVIEW.format(user=user, game="20", day="2017-12-17") for user in ("A\\x07", "A\\x08")))
    assert import_steam(folder, OPTIONS).splits[Split.TRAIN].ids == ("A\\u0007", "A\\u0008")


def test_a_folder_in_the_layout_of_llara_is_read_as_such(shared_data: Path) -> None:
    dataset = import_steam(shared_data / "lastfm", OPTIONS)
    assert (dataset.format, dataset.domain.name, len(dataset.splits[Split.TEST])) == ("steam", "game", 122)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{u'username': u'A'", r"steam_reviews\.json\.gz, line 2: got .* expected one record"),
        ("{u'username': open('x')}", r"line 2: got .* expected one record"),
        ("{u'product_id': u'20', u'date': u'2017-12-17'}", r"line 2: username is None, expected a text"),
        (
            "{u'username': u'A', u'product_id': [], u'date': u'2017-12-17'}",
            r"line 2: product_id is \[\], expected",
        ),
        ("{u'username': u'A', u'product_id': u'20'}", r"line 2: date is None, expected YYYY-MM-DD"),
        (
            "{u'username': u'A', u'product_id': u'20', u'date': u'Dec 17'}",
            r"line 2: date is 'Dec 17', expected YYYY",
        ),
        ("{u'username': u'A', u'product_id': u'20', u'date': [1]}", r"line 2: date is \[1\], expected YYYY"),
    ],
)
def test_a_malformed_review_is_one_clear_line(folder: Path, line: str, message: str) -> None:
    reviews(folder, REVIEW.format(user="A", game="20", day="2017-12-17"), line)
    with pytest.raises(DataError, match=message):
        import_steam(folder, OPTIONS)


def test_a_malformed_game_is_named(folder: Path) -> None:
    reviews(folder, GAMES[0], "{u'id': ", name="steam_games.json.gz")
    with pytest.raises(DataError, match=r"steam_games\.json\.gz, line 2: got"):
        import_steam(folder, OPTIONS)


@pytest.mark.parametrize("name", ["steam_reviews.json.gz", "steam_games.json.gz"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing"):
        import_steam(folder, OPTIONS)


def test_a_file_without_reviews_says_so(folder: Path) -> None:
    reviews(folder, "")
    with pytest.raises(DataError, match="it holds no rows"):
        import_steam(folder, OPTIONS)
