from pathlib import Path

import pytest

from afl.data.candidates import candidate_lists
from afl.data.dataset import Split
from afl.data.importers import ImportOptions
from afl.data.importers.hetrec_lastfm import import_hetrec_lastfm
from afl.data.sessions import session_rows
from afl.errors import DataError

OPTIONS = ImportOptions("mine")
TAGGED = "user_taggedartists-timestamps.dat"
COLUMNS = "userID\tartistID\ttagID\ttimestamp"


def table(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding=encoding)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eight artists. User 2 tagged 52, 53, 51, 54 in this order and also listened to 55; user 3 only listened."""
    names = ("Duran Duran", "Bj\xf6rk", "\u4e2d\u5cf6\u7f8e\u5609", "Air", "Moby", "AIR", "Low", "Can")
    artists = [f"{key}\t{name}\thttp://last.fm/{key}\thttp://pic" for key, name in enumerate(names, 51)]
    table(tmp_path, "artists.dat", "id\tname\turl\tpictureURL", *artists)
    table(tmp_path, "user_artists.dat", "userID\tartistID\tweight", "2\t51\t13883", "2\t55\t1", "3\t51\t7")
    table(tmp_path, "tags.dat", "tagID\ttagValue", "13\tchillout", "14\td\xe9j\xe0 vu", encoding="iso-8859-1")
    times = ("2\t52\t13\t1000", "2\t51\t13\t3000", "2\t53\t14\t2000", "2\t52\t14\t9000", "2\t54\t14\t4000")
    others = [f"{user}\t51\t{tag}\t5000" for user, tag in ((4, 13), (5, 13), (6, 14))]
    table(tmp_path, TAGGED, COLUMNS, *times, *others)
    return tmp_path


def test_a_sequence_is_what_a_user_tagged_by_the_first_tag_of_each_artist(folder: Path) -> None:
    dataset = import_hetrec_lastfm(folder, OPTIONS)
    first = dataset.splits[Split.TRAIN][0]
    assert (first.id, first.items, first.timestamps) == ("2", (1, 2, 0, 3), (1, 2, 3, 4))
    assert dataset.notes["order"].startswith("by the moment a user first tagged an artist")
    assert dataset.domain.name == "music"


def test_an_artist_only_listened_to_is_never_offered_as_an_unknown_one(folder: Path) -> None:
    dataset = import_hetrec_lastfm(folder, OPTIONS)
    row = session_rows(dataset, Split.TRAIN)[0]
    assert dataset.splits[Split.TRAIN][0].touched == (1, 2, 0, 3, 4)
    assert 4 not in candidate_lists(dataset, [row], size=4, method="seeded", seed=1).items
    assert dataset.notes["only listened to"].startswith("2 pairs of user and artist")


def test_names_are_kept_in_every_script_and_told_apart(folder: Path) -> None:
    titles = import_hetrec_lastfm(folder, OPTIONS).catalogue.titles
    assert titles[:4] == ("Duran Duran", "Bj\xf6rk", "\u4e2d\u5cf6\u7f8e\u5609", "Air [54]")
    assert titles[5] == "AIR [56]"


def test_tags_that_three_users_gave_are_attributes_and_those_of_fewer_are_not(folder: Path) -> None:
    attributes = import_hetrec_lastfm(folder, OPTIONS).catalogue.attributes
    assert attributes[:2] == ({"tag": ("chillout",)}, {})


def test_tags_in_latin_1_are_read(folder: Path) -> None:
    more = [f"{user}\t58\t14\t1" for user in (7, 8, 9)]
    table(folder, TAGGED, COLUMNS, *more)
    assert import_hetrec_lastfm(folder, OPTIONS).catalogue.attributes[7] == {"tag": ("d\xe9j\xe0 vu",)}


def test_an_artist_without_a_name_is_kept_under_its_id(folder: Path) -> None:
    table(folder, TAGGED, COLUMNS, "2\t99\t13\t1000")
    dataset = import_hetrec_lastfm(folder, OPTIONS)
    assert dataset.catalogue.titles[-1] == "99"
    assert dataset.notes["without title"] == "1 items are not in artists.dat"


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (TAGGED, [COLUMNS, "2\t52\t13"], r"timestamps\.dat, line 2: got 3 fields, expected 4"),
        (TAGGED, [COLUMNS, "2\t52\t13\t1", "", "2\t52\t13\tx"], r"line 4: timestamp is 'x', expected a whole"),
        (TAGGED, [COLUMNS, "2\tx\t13\t1"], r"line 2: artistID is 'x', expected a whole number"),
        (TAGGED, [COLUMNS], r"it holds no rows"),
        (TAGGED, ["userID\tartistID\ttagID\tday\tmonth\tyear"], r"column 'timestamp' is missing"),
        ("user_artists.dat", ["userID\tartistID\tweight", "2\t52"], r"user_artists\.dat, line 2: got 2 fields"),
        ("user_artists.dat", ["userID\tartistID\tweight", "2\t5\tx"], r"line 2: weight is 'x', expected a whole"),
        ("artists.dat", ["id\tname", "51\tA", "51\tB"], r"artists\.dat, line 3: artist 51 occurs twice"),
        ("artists.dat", ["id\tname", "51"], r"artists\.dat, line 2: got 1 fields, expected 2"),
        ("tags.dat", ["tagID\ttagValue", "x\ty"], r"tags\.dat, line 2: tagID is 'x'"),
    ],
)
def test_a_malformed_table_is_one_clear_line(folder: Path, name: str, lines: list[str], message: str) -> None:
    table(folder, name, *lines)
    with pytest.raises(DataError, match=message):
        import_hetrec_lastfm(folder, OPTIONS)


def test_a_folder_without_the_moments_of_tags_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"user_taggedartists-timestamps\.dat is missing"):
        import_hetrec_lastfm(tmp_path, OPTIONS)
