"""Every published format with every way a line of it can be wrong: file, line and reason in one line."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from afl.data.dataset import Dataset
from afl.data.importers import ImportOptions
from afl.data.importers.amazon import import_amazon
from afl.data.importers.hetrec_lastfm import import_hetrec_lastfm
from afl.data.importers.hetrec_movielens import import_hetrec_movielens
from afl.data.importers.movielens import import_movielens
from afl.data.importers.steam import import_steam
from afl.errors import DataError

Files = Mapping[str, Sequence[str]]
Importer = Callable[[Path, ImportOptions], Dataset]
OPTIONS = ImportOptions("mine")
FLAGS = "|0" * 19
RATED_ON = "date_day\tdate_month\tdate_year\tdate_hour\tdate_minute\tdate_second"
MOVIES_OF_HETREC = {
    "movies.dat": ["id\ttitle\tyear", "3\tBrazil\t1985"],
    "movie_genres.dat": ["movieID\tgenre", "3\tComedy"],
    "movie_directors.dat": ["movieID\tdirectorID\tdirectorName", "3\ttg\tTerry Gilliam"],
    "movie_countries.dat": ["movieID\tcountry", "3\tUK"],
}
REVIEW = '{"reviewerID": "A1", "asin": "B2", "overall": 5.0, "unixReviewTime": 30}'

FORMATS: dict[str, tuple[Importer, Files]] = {
    "100k": (
        import_movielens,
        {"u.data": ["196\t2\t3\t881250949"], "u.item": [f"2|Brazil (1985)|01-Jan-1985||http://x{FLAGS}"]},
    ),
    "1M": (
        import_movielens,
        {"ratings.dat": ["196::2::3::881250949"], "movies.dat": ["2::Brazil (1985)::Comedy|Sci-Fi"]},
    ),
    "10M": (
        import_movielens,
        {"ratings.dat": ["196::2::3.5::881250949"], "movies.dat": ["2::Brazil (1985)::(no genres listed)"]},
    ),
    "20M": (
        import_movielens,
        {
            "ratings.csv": ["userId,movieId,rating,timestamp", "196,2,3.5,881250949"],
            "movies.csv": ["movieId,title,genres", '2,"Brazil, The (1985)",Comedy'],
        },
    ),
    "hetrec-lastfm": (
        import_hetrec_lastfm,
        {
            "artists.dat": ["id\tname\turl\tpictureURL", "51\tAir\thttp://x\thttp://y"],
            "user_artists.dat": ["userID\tartistID\tweight", "2\t51\t13883"],
            "user_taggedartists-timestamps.dat": [
                "userID\tartistID\ttagID\ttimestamp",
                "2\t51\t13\t1238536800000",
            ],
            "tags.dat": ["tagID\ttagValue", "13\tchillout"],
        },
    ),
    "hetrec-movielens": (
        import_hetrec_movielens,
        {
            **MOVIES_OF_HETREC,
            "user_ratedmovies-timestamps.dat": ["userID\tmovieID\trating\ttimestamp", "75\t3\t1\t1162160236000"],
        },
    ),
    "hetrec-movielens by date": (
        import_hetrec_movielens,
        {
            **MOVIES_OF_HETREC,
            "user_ratedmovies.dat": [f"userID\tmovieID\trating\t{RATED_ON}", "75\t3\t1\t29\t10\t2006\t23\t17\t16"],
        },
    ),
    "amazon 2014": (
        import_amazon,
        {"reviews_X_5.json": [REVIEW], "meta_X.json": ["{'asin': 'B2', 'title': 'Tetris'}"]},
    ),
    "amazon 2018": (import_amazon, {"X_5.json": [REVIEW], "meta_X.json": ['{"asin": "B2", "title": "Tetris"}']}),
    "amazon 2023": (
        import_amazon,
        {
            "X.jsonl": ['{"user_id": "A1", "parent_asin": "B2", "rating": 5.0, "timestamp": 1588687728923}'],
            "meta_X.jsonl": ['{"parent_asin": "B2", "title": "Tetris"}'],
        },
    ),
    "steam": (
        import_steam,
        {
            "steam_reviews.json": ["{u'username': u'Ann', u'product_id': u'20', u'date': u'2017-12-17'}"],
            "steam_games.json": ["{u'app_name': u'Tetris', u'id': u'20'}"],
        },
    ),
}

WHOLE, NUMBER, RECORD = "expected a whole number", "expected a number", "expected one record {...}"
TOO_LARGE = "is '99999999999999999', expected a smaller number"


def ratings(separator: str, *, user: str, item: str, rating: str, time: str) -> list[tuple[str, str]]:
    """What can be wrong with a rating, and how it is told, in a table with these names of columns."""

    def line(*fields: str) -> str:
        return separator.join(fields)

    return [
        (line("1", "2", "3"), "got 3 fields, expected 4"),
        (line("1", "2", "3", "4", "5"), "got 5 fields, expected 4"),
        ("1;2;3;4", "got 1 fields, expected 4"),
        (line("ann", "2", "3", "4"), f"{user} is 'ann', {WHOLE}"),
        (line("", "2", "3", "4"), f"{user} is '', {WHOLE}"),
        (line("1.5", "2", "3", "4"), f"{user} is '1.5', {WHOLE}"),
        (line("1", "x", "3", "4"), f"{item} is 'x', {WHOLE}"),
        (line("1", "", "3", "4"), f"{item} is '', {WHOLE}"),
        (line("1", "2", "good", "4"), f"{rating} is 'good', {NUMBER}"),
        (line("1", "2", "", "4"), f"{rating} is '', {NUMBER}"),
        (line("1", "2", "nan", "4"), f"{rating} is 'nan', {NUMBER}"),
        (line("1", "2", "3", "1997-12-04"), f"{time} is '1997-12-04', {WHOLE}"),
        (line("1", "2", "3", ""), f"{time} is '', {WHOLE}"),
        (line("1", "2", "3", "9" * 17), f"{time} {TOO_LARGE}"),
        (line("9" * 17, "2", "3", "4"), f"{user} {TOO_LARGE}"),
    ]


PLAIN = {"user": "user", "item": "item", "rating": "rating", "time": "time"}
CSV = {"user": "userId", "item": "movieId", "rating": "rating", "time": "timestamp"}
HETREC = {"user": "userID", "item": "movieID", "rating": "rating", "time": "timestamp"}
NOT_RECORDS = [
    ("{bad", f"got '{{bad', {RECORD}"),
    ("[1, 2]", f"got '[1, 2]', {RECORD}"),
    ("7", f"got '7', {RECORD}"),
    ('{"asin": "B2", "title"', RECORD),
    ("{'asin': open('x')}", RECORD),
]


def reviews(user: str, item: str, time: str) -> list[tuple[str, str]]:
    """What can be wrong with a review of Amazon, in a release with these names of fields."""
    return [
        *NOT_RECORDS,
        (f'{{"{item}": "B2", "{time}": 1}}', f"{user} is None, expected an id"),
        (f'{{"{user}": "", "{item}": "B2", "{time}": 1}}', f"{user} is '', expected an id"),
        (f'{{"{user}": ["A"], "{item}": "B2", "{time}": 1}}', f"{user} is ['A'], expected an id"),
        (f'{{"{user}": true, "{item}": "B2", "{time}": 1}}', f"{user} is True, expected an id"),
        (f'{{"{user}": 1.5, "{item}": "B2", "{time}": 1}}', f"{user} is 1.5, expected an id"),
        (f'{{"{user}": "A 1", "{item}": "B2", "{time}": 1}}', f"{user} is 'A 1', expected an id"),
        (f'{{"{user}": "A1", "{time}": 1}}', f"{item} is None, expected an id"),
        (f'{{"{user}": "A1", "{item}": "B2"}}', f"{time} is None, {WHOLE}"),
        (f'{{"{user}": "A1", "{item}": "B2", "{time}": "soon"}}', f"{time} is 'soon', {WHOLE}"),
        (f'{{"{user}": "A1", "{item}": "B2", "{time}": 1.5}}', f"{time} is 1.5, {WHOLE}"),
        (f'{{"{user}": "A1", "{item}": "B2", "{time}": {2**60}}}', f"{time} is {2**60}, {WHOLE}"),
    ]


LINES: dict[tuple[str, str], list[tuple[str, str]]] = {
    ("100k", "u.data"): ratings("\t", **PLAIN),
    ("100k", "u.item"): [
        ("3|Brazil (1985)", "got 2 fields, expected 24"),
        (f"3|Good | Bad|01-Jan-1985||http://x{FLAGS}", "got 25 fields, expected 24"),
        (f"x|Brazil|01-Jan-1985||http://x{FLAGS}", f"the movie's id is 'x', {WHOLE}"),
        (f"|Brazil|01-Jan-1985||http://x{FLAGS}", f"the movie's id is '', {WHOLE}"),
        (f"2|Brazil|01-Jan-1985||http://x{FLAGS}", "movie 2 occurs twice, expected each once"),
    ],
    ("1M", "ratings.dat"): [*ratings("::", **PLAIN), ("1:2:3:4", "got 1 fields, expected 4")],
    ("1M", "movies.dat"): [
        ("3::Brazil (1985)", "got '3::Brazil (1985)', expected id::title::genres"),
        ("3:Brazil (1985):Comedy", "got '3:Brazil (1985):Comedy', expected id::title::genres"),
        ("x::Brazil::Comedy", f"the movie's id is 'x', {WHOLE}"),
        ("::Brazil::Comedy", f"the movie's id is '', {WHOLE}"),
        ("2::Brazil::Comedy", "movie 2 occurs twice, expected each once"),
    ],
    ("10M", "ratings.dat"): ratings("::", **PLAIN),
    ("20M", "ratings.csv"): [*ratings(",", **CSV), ('1,"2,3.5,4', "got 2 fields, expected 4")],
    ("20M", "movies.csv"): [
        ("3,Brazil", "got 2 fields, expected 3"),
        ("3,Good, Bad,Comedy", "got 4 fields, expected 3"),
        ('3,"Brazil"x,Comedy', "not CSV"),
        ('3,"Brazil,Comedy', "not CSV"),
        ("x,Brazil,Comedy", f"the movie's id is 'x', {WHOLE}"),
        (",Brazil,Comedy", f"the movie's id is '', {WHOLE}"),
        ("2,Brazil,Comedy", "movie 2 occurs twice, expected each once"),
    ],
    ("hetrec-lastfm", "user_taggedartists-timestamps.dat"): [
        ("2\t51\t13", "got 3 fields, expected 4"),
        ("2\t51\t13\t1\t1", "got 5 fields, expected 4"),
        ("x\t51\t13\t1", f"userID is 'x', {WHOLE}"),
        ("2\tx\t13\t1", f"artistID is 'x', {WHOLE}"),
        ("2\t51\tx\t1", f"tagID is 'x', {WHOLE}"),
        ("2\t51\t13\t", f"timestamp is '', {WHOLE}"),
    ],
    ("hetrec-lastfm", "user_artists.dat"): [
        ("2\t51", "got 2 fields, expected 3"),
        ("2\t51\t1\t1", "got 4 fields, expected 3"),
        ("x\t51\t1", f"userID is 'x', {WHOLE}"),
        ("2\tx\t1", f"artistID is 'x', {WHOLE}"),
        ("2\t51\tx", f"weight is 'x', {WHOLE}"),
    ],
    ("hetrec-lastfm", "artists.dat"): [
        ("52", "got 1 fields, expected 4"),
        ("52\tAir\ta\tb\tc", "got 5 fields, expected 4"),
        ("x\tAir\ta\tb", f"id is 'x', {WHOLE}"),
        ("51\tAir\ta\tb", "artist 51 occurs twice, expected each once"),
    ],
    ("hetrec-lastfm", "tags.dat"): [
        ("14", "got 1 fields, expected 2"),
        ("14\tslow\tquiet", "got 3 fields, expected 2"),
        ("x\tslow", f"tagID is 'x', {WHOLE}"),
    ],
    ("hetrec-movielens", "user_ratedmovies-timestamps.dat"): ratings("\t", **HETREC),
    ("hetrec-movielens", "movies.dat"): [
        ("4\tBrazil", "got 2 fields, expected 3"),
        ("4\tBrazil\t1985\tx", "got 4 fields, expected 3"),
        ("x\tBrazil\t1985", f"id is 'x', {WHOLE}"),
        ("3\tBrazil\t1985", "movie 3 occurs twice, expected each once"),
    ],
    ("hetrec-movielens", "movie_genres.dat"): [("3", "got 1 fields, expected 2")],
    ("hetrec-movielens", "movie_directors.dat"): [("3\ttg", "got 2 fields, expected 3")],
    ("hetrec-movielens", "movie_countries.dat"): [("3\tUK\tx", "got 3 fields, expected 2")],
    ("hetrec-movielens by date", "user_ratedmovies.dat"): [
        ("75\t3\t1\t31\t2\t2006\t23\t17\t16", "2006 2 31 23 17 16 is no date and time"),
        ("75\t3\t1\tx\t2\t2006\t23\t17\t16", "2006 2 x 23 17 16 is no date and time"),
        ("75\t3\t1\t1\t2\t2006", "got 6 fields, expected 9"),
        ("ann\t3\t1\t1\t2\t2006\t23\t17\t16", f"userID is 'ann', {WHOLE}"),
        ("75\tx\t1\t1\t2\t2006\t23\t17\t16", f"movieID is 'x', {WHOLE}"),
        ("75\t3\tgood\t1\t2\t2006\t23\t17\t16", f"rating is 'good', {NUMBER}"),
    ],
    ("amazon 2014", "reviews_X_5.json"): reviews("reviewerID", "asin", "unixReviewTime"),
    ("amazon 2018", "X_5.json"): reviews("reviewerID", "asin", "unixReviewTime"),
    ("amazon 2023", "X.jsonl"): reviews("user_id", "parent_asin", "timestamp"),
    ("amazon 2014", "meta_X.json"): [*NOT_RECORDS, ("{'title': 'x'}", "no asin, expected one in every record")],
    ("amazon 2018", "meta_X.json"): [*NOT_RECORDS, ('{"title": "x"}', "no asin, expected one in every record")],
    ("amazon 2023", "meta_X.jsonl"): [
        *NOT_RECORDS,
        ('{"title": "x"}', "no parent_asin, expected one in every record"),
    ],
    ("steam", "steam_reviews.json"): [
        *NOT_RECORDS,
        ("{u'product_id': u'20', u'date': u'2017-12-17'}", "username is None, expected a text"),
        ("{u'username': u'A', u'date': u'2017-12-17'}", "product_id is None, expected a text"),
        ("{u'username': u'A', u'product_id': [], u'date': u'2017-12-17'}", "product_id is [], expected a text"),
        ("{u'username': u'A', u'product_id': u'20'}", "date is None, expected YYYY-MM-DD"),
        (
            "{u'username': u'A', u'product_id': u'20', u'date': u'Dec 17'}",
            "date is 'Dec 17', expected YYYY-MM-DD",
        ),
    ],
    ("steam", "steam_games.json"): NOT_RECORDS,
}
HEADERS = [
    ("20M", "ratings.csv", "userId,movieId,rating", "no timestamp column once; got userId,"),
    ("20M", "ratings.csv", "196,2,3.5,881250949", "no userId column once; got 196,"),
    ("20M", "movies.csv", "2,Brazil (1985),Comedy", "expected movieId,title,genres"),
    ("hetrec-lastfm", "artists.dat", "51\tAir\ta\tb", "column 'id' is missing; available: 51,"),
    ("hetrec-lastfm", "user_artists.dat", "userID\tartistID", "column 'weight' is missing; available: userID"),
    ("hetrec-lastfm", "user_taggedartists-timestamps.dat", "userID\tartistID\ttagID", "column 'timestamp' is missing"),
    ("hetrec-lastfm", "tags.dat", "13\tchillout", "column 'tagID' is missing"),
    ("hetrec-movielens", "movies.dat", "id\tname\tyear", "column 'title' is missing"),
    ("hetrec-movielens", "movie_countries.dat", "movieID", "column 'country' is missing"),
    ("hetrec-movielens", "user_ratedmovies-timestamps.dat", "userID\tmovieID\trating", "no timestamp column once"),
    ("hetrec-movielens by date", "user_ratedmovies.dat", "userID\tmovieID\trating", "column 'date_year' is missing"),
    ("amazon 2023", "X.jsonl", '{"x": 1}', "expected reviewerID, asin, unixReviewTime or user_id,"),
]  # fmt: skip


def written(folder: Path, kind: str, **changed: Sequence[str]) -> Importer:
    """The importer of a format whose small sound files are in the folder, but for those that are changed."""
    importer, files = FORMATS[kind]
    for name, lines in {**files, **changed}.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return importer


@pytest.mark.parametrize("kind", FORMATS)
def test_the_sound_files_of_every_format_are_imported(tmp_path: Path, kind: str) -> None:
    dataset = written(tmp_path, kind)(tmp_path, OPTIONS)
    assert sum(len(sequences) for sequences in dataset.splits.values()) == 1
    assert dataset.catalogue.titles[0] in ("Brazil", "The Brazil", "Air", "Tetris")


@pytest.mark.parametrize(
    ("kind", "file", "line", "reason"),
    [(*place, line, reason) for place, cases in LINES.items() for line, reason in cases],
)
def test_a_malformed_line_is_told_with_file_line_and_reason(
    tmp_path: Path, kind: str, file: str, line: str, reason: str
) -> None:
    sound = FORMATS[kind][1][file]
    importer = written(tmp_path, kind, **{file: [*sound, line]})
    with pytest.raises(DataError) as raised:
        importer(tmp_path, OPTIONS)
    assert str(raised.value).startswith(f"{tmp_path / file}, line {len(sound) + 1}: ")
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(("kind", "file", "line", "reason"), HEADERS)
def test_another_header_is_told_with_file_line_and_reason(
    tmp_path: Path, kind: str, file: str, line: str, reason: str
) -> None:
    importer = written(tmp_path, kind, **{file: [line, *FORMATS[kind][1][file][1:]]})
    with pytest.raises(DataError) as raised:
        importer(tmp_path, OPTIONS)
    assert str(raised.value).startswith(f"{tmp_path / file}, line 1: ")
    assert reason in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "file"),
    [
        (kind, file)
        for kind, (_, files) in FORMATS.items()
        for file in files
        if not file.startswith(("u.data", "ratings.", "reviews_", "X", "meta_", "tags."))
    ],
)
def test_a_missing_file_is_named(tmp_path: Path, kind: str, file: str) -> None:
    importer = written(tmp_path, kind)
    (tmp_path / file).unlink()
    with pytest.raises(DataError, match=r"missing|No such file") as raised:
        importer(tmp_path, OPTIONS)
    assert file.removesuffix("-timestamps.dat") in str(raised.value)


@pytest.mark.parametrize(
    ("kind", "file"),
    [(kind, file) for kind in ("amazon 2014", "amazon 2018", "amazon 2023", "steam") for file in FORMATS[kind][1]],
)
def test_a_line_of_records_that_is_not_utf_8_is_told(tmp_path: Path, kind: str, file: str) -> None:
    importer = written(tmp_path, kind)
    with (tmp_path / file).open("ab") as stream:
        stream.write(b'{"title": "caf\xe9"}\n')
    with pytest.raises(DataError, match=r", line 2: not valid UTF-8 text; save the file as UTF-8") as raised:
        importer(tmp_path, OPTIONS)
    assert str(raised.value).startswith(str(tmp_path / file))


@pytest.mark.parametrize("file", ["steam_reviews.json", "steam_games.json"])
def test_a_packed_file_that_ends_early_is_told(tmp_path: Path, file: str) -> None:
    importer = written(tmp_path, "steam")
    packed = gzip.compress((tmp_path / file).read_bytes() * 50)
    (tmp_path / file).unlink()
    (tmp_path / f"{file}.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=rf"{file}\.gz: damaged or incomplete gzip file"):
        importer(tmp_path, OPTIONS)
