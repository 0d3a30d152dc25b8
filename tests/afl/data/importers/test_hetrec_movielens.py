from pathlib import Path

import pytest

from afl.data.dataset import Split
from afl.data.importers import ImportOptions
from afl.data.importers.hetrec_movielens import import_hetrec_movielens
from afl.errors import DataError

OPTIONS = ImportOptions("mine")
TIMED = "user_ratedmovies-timestamps.dat"
DATED = "user_ratedmovies.dat"
DATE = "date_day\tdate_month\tdate_year\tdate_hour\tdate_minute\tdate_second"


def table(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_bytes(("\r\n".join(lines) + "\r\n").encode("iso-8859-1"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two movies; user 75 rated 32 before 3, user 78 rated one that has no title."""
    table(
        tmp_path,
        "movies.dat",
        "id\ttitle\timdbID\tspanishTitle\timdbPictureURL\tyear\trtID",
        "3\tAm\xe9lie\t0114709\tAm\xe9lie\thttp://x\t2001\tamelie",
        '32\t"Twelve Monkeys"\t0\tx\ty\t\\N\t\\N',
    )
    table(tmp_path, "movie_genres.dat", "movieID\tgenre", "3\tComedy", "3\tRomance")
    table(tmp_path, "movie_directors.dat", "movieID\tdirectorID\tdirectorName", "32\ttg\tTerry Gilliam")
    table(tmp_path, "movie_countries.dat", "movieID\tcountry", "3\tFrance", "32\t")
    rated = ("75\t3\t1\t1162160236000", "75\t32\t4.5\t1162160230000", "78\t9\t5\t1162160624000")
    table(tmp_path, TIMED, "userID\tmovieID\trating\ttimestamp", *rated)
    return tmp_path


def test_users_are_sequences_in_time_order_whatever_they_rated(folder: Path) -> None:
    dataset = import_hetrec_movielens(folder, OPTIONS)
    first, second = dataset.splits[Split.TRAIN]
    assert (first.id, first.items, first.timestamps) == ("75", (1, 0), (1162160230, 1162160236))
    assert (second.id, second.items) == ("78", (2,))
    assert dataset.notes["without title"] == "1 items are not in movies.dat"


def test_movies_carry_year_genre_director_and_country_where_these_are_known(folder: Path) -> None:
    catalogue = import_hetrec_movielens(folder, OPTIONS).catalogue
    assert catalogue.titles == ("Am\xe9lie", "Twelve Monkeys", "9")
    assert catalogue.attributes[0] == {"year": ("2001",), "genre": ("Comedy", "Romance"), "country": ("France",)}
    assert catalogue.attributes[1:] == ({"director": ("Terry Gilliam",)}, {})


def test_without_timestamps_the_dates_count_and_are_told(folder: Path) -> None:
    (folder / TIMED).unlink()
    rated = ("75\t3\t1\t29\t10\t2006\t23\t17\t16", "75\t32\t4.5\t29\t10\t2006\t23\t17\t10")
    table(folder, DATED, f"userID\tmovieID\trating\t{DATE}", *rated)
    dataset = import_hetrec_movielens(folder, OPTIONS)
    assert dataset.splits[Split.TRAIN][0].items == (1, 0)
    assert "interpreted as UTC" in dataset.notes["time"]


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        (TIMED, ["userID\tmovieID\trating\ttimestamp", "75\t3\t1"], r"timestamps\.dat, line 2: got 3 fields"),
        (TIMED, ["userID\tmovieID\trating\ttimestamp", "75\t3\t1\tx"], r"line 2: timestamp is 'x'"),
        (TIMED, ["userID\tmovieID\trating", "75\t3\t1"], r"line 1: no timestamp column"),
        ("movies.dat", ["id\ttitle\tyear", "x\tBrazil\t1985"], r"movies\.dat, line 2: id is 'x'"),
        ("movies.dat", ["id\ttitle\tyear", "3\tA\t1", "3\tB\t2"], r"line 3: movie 3 occurs twice"),
        ("movies.dat", ["id\ttitle\tyear", "3\tA"], r"line 2: got 2 fields, expected 3"),
        ("movies.dat", ["id\tname\tyear", "3\tA\t1"], r"column 'title' is missing"),
        ("movie_genres.dat", ["movieID\tgenre", "3"], r"movie_genres\.dat, line 2: got 1 fields, expected 2"),
    ],
)
def test_a_malformed_table_is_one_clear_line(folder: Path, name: str, lines: list[str], message: str) -> None:
    table(folder, name, *lines)
    with pytest.raises(DataError, match=message):
        import_hetrec_movielens(folder, OPTIONS)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("75\t3\t1\t31\t2\t2006\t23\t17\t16", r"line 2: 2006 2 31 23 17 16 is no date and time"),
        ("ann\t3\t1\t1\t2\t2006\t23\t17\t16", r"line 2: userID is 'ann', expected a whole number"),
    ],
)
def test_a_malformed_date_is_one_clear_line(folder: Path, line: str, message: str) -> None:
    (folder / TIMED).unlink()
    table(folder, DATED, f"userID\tmovieID\trating\t{DATE}", line)
    with pytest.raises(DataError, match=message):
        import_hetrec_movielens(folder, OPTIONS)


def test_a_folder_without_movies_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"movies\.dat is missing"):
        import_hetrec_movielens(tmp_path, OPTIONS)


def test_the_movies_of_the_real_release_are_read(shared_data: Path, tmp_path: Path) -> None:
    names = ["movies.dat", "movie_genres.dat", "movie_directors.dat", "movie_countries.dat"]
    _ = [(tmp_path / name).write_bytes((shared_data / "re2llm/movie" / name).read_bytes()) for name in names]
    table(tmp_path, TIMED, "userID\tmovieID\trating\ttimestamp", "75\t3\t1\t1162160236000")
    catalogue = import_hetrec_movielens(tmp_path, OPTIONS).catalogue
    assert (len(catalogue), catalogue.titles[0]) == (10197, "Toy story [1]")  # its sequel bears the same
    assert catalogue.attributes[0]["director"] == ("John Lasseter",)
