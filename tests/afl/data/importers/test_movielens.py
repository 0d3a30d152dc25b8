from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Split
from afl.data.importers import ImportOptions
from afl.data.importers.movielens import import_movielens
from afl.data.importers.recbole import import_recbole
from afl.errors import AFLError, DataError

OPTIONS = ImportOptions("mine")
FLAGS = {"Comedy": 5, "Sci-Fi": 15}


def item_line(key: str, title: str, *genres: str) -> str:
    """A line of `u.item`: id, title, two dates, address, nineteen flags."""
    flags = ["1" if number in {FLAGS[genre] for genre in genres} else "0" for number in range(19)]
    return "|".join([key, title, "01-Jan-1995", "", "http://us.imdb.com/M/title-exact?x", *flags])


def release_100k(folder: Path) -> Path:
    """196 watched 242 and 2, in this order; the file has them the other way round, as the release is shuffled."""
    (folder / "u.data").write_text("196\t2\t3\t881250960\n196\t242\t3\t881250949\n7\t2\t1\t881250950\n")
    movies = [item_line("2", "Brazil (1985)", "Comedy", "Sci-Fi"), item_line("242", "Mis\xe9rables, Les (1995)")]
    (folder / "u.item").write_bytes(("\n".join(movies) + "\n").encode("iso-8859-1"))
    return folder


def release_1m(folder: Path) -> Path:
    (folder / "ratings.dat").write_text("196::2::3::881250960\n196::242::3::881250949\n7::2::1::881250950\n")
    movies = "2::Brazil (1985)::Comedy|Sci-Fi\n242::Mis\xe9rables, Les (1995)::Drama\n"
    (folder / "movies.dat").write_bytes(movies.encode("iso-8859-1"))
    return folder


def release_10m(folder: Path) -> Path:
    release_1m(folder)
    (folder / "ratings.dat").write_text("196::2::3.5::881250960\n196::242::3::881250949\n7::2::0.5::881250950\n")
    movies = "2::Brazil (1985)::Comedy|Sci-Fi\n242::Mis\xe9rables, Les (1995)::Drama\n"
    (folder / "movies.dat").write_text(movies, encoding="utf-8")
    return folder


def release_csv(folder: Path) -> Path:
    ratings = "userId,movieId,rating,timestamp\n7,2,0.5,881250950\n196,2,3.5,881250960\n196,242,3.0,881250949\n"
    (folder / "ratings.csv").write_text(ratings)
    movies = (
        'movieId,title,genres\n2,Brazil (1985),Comedy|Sci-Fi\n242,"Mis\xe9rables, Les (1995)",(no genres listed)\n'
    )
    (folder / "movies.csv").write_text(movies, encoding="utf-8")
    return folder


RELEASES = [release_100k, release_1m, release_10m, release_csv]


def by_user(dataset: Dataset) -> dict[str, list[str]]:
    """Item keys of every user, in order."""
    keys = dataset.catalogue.keys
    return {s.id: [keys[item] for item in s.items] for split in Split for s in dataset.splits[split]}


def with_movies(folder: Path, *movies: str) -> Dataset:
    release_csv(folder)
    (folder / "movies.csv").write_text("movieId,title,genres\n" + "".join(f"{m}\n" for m in movies), "utf-8")
    return import_movielens(folder, OPTIONS)


@pytest.mark.parametrize("write", RELEASES)
def test_every_release_gives_users_in_time_order_whatever_they_rated(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    dataset = import_movielens(write(tmp_path), OPTIONS)
    assert by_user(dataset) == {"196": ["242", "2"], "7": ["2"]}
    assert dataset.splits[Split.TRAIN][1].timestamps == (881250949, 881250960)
    assert dataset.domain.name == "movie"


@pytest.mark.parametrize("write", RELEASES)
def test_every_release_keeps_titles_years_and_genres_in_its_encoding(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    catalogue = import_movielens(write(tmp_path), OPTIONS).catalogue
    assert catalogue.titles == ("Brazil", "Les Mis\xe9rables")
    assert catalogue.attributes[0] == {"year": ("1985",), "genre": ("Comedy", "Sci-Fi")}
    assert catalogue.attributes[1]["year"] == ("1995",)


def test_the_folder_above_and_a_file_of_it_are_the_same_data_set(tmp_path: Path) -> None:
    folder = tmp_path / "ml-1m"
    folder.mkdir()
    whole = import_movielens(release_1m(folder), OPTIONS).hash
    assert import_movielens(tmp_path, OPTIONS).hash == whole
    assert import_movielens(folder / "ratings.dat", OPTIONS).hash == whole


def test_windows_line_ends_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    plain = import_movielens(release_csv(tmp_path), OPTIONS).hash
    for file in (tmp_path / "ratings.csv", tmp_path / "movies.csv"):
        file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n") + b"\r\n")
    assert import_movielens(tmp_path, OPTIONS).hash == plain


def test_films_that_share_a_title_are_told_apart(tmp_path: Path) -> None:
    catalogue = with_movies(tmp_path, "2,Crash (1996),Drama", "242,Crash (2004),Drama").catalogue
    assert catalogue.titles == ("Crash [2]", "Crash [242]")


def test_a_quoted_title_may_hold_quotes_and_commas(tmp_path: Path) -> None:
    catalogue = with_movies(
        tmp_path, '2,"Great Performances"" Cats (1998)",Musical', '242,"1, 2, 3 (1961)",'
    ).catalogue
    assert catalogue.titles == ('Great Performances" Cats', "1, 2, 3")


def test_a_film_that_nobody_rated_is_kept_and_one_without_title_is_noted(tmp_path: Path) -> None:
    dataset = with_movies(tmp_path, "2,Brazil (1985),Comedy", "9,Unseen (2000),Comedy")
    assert dataset.catalogue.titles == ("Brazil", "Unseen", "242")
    assert dataset.notes["without title"] == "1 items are not in movies.csv"


def test_equal_times_keep_the_order_of_the_file(tmp_path: Path) -> None:
    release_1m(tmp_path)
    (tmp_path / "ratings.dat").write_text("1::242::5::7\n1::2::5::7\n")
    assert by_user(import_movielens(tmp_path, OPTIONS)) == {"1": ["242", "2"]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3.5", r"ratings\.csv, line 3: got 3 fields, expected 4"),
        ("1,2,3.5,4,5", r"line 3: got 5 fields, expected 4"),
        ("ann,2,3.5,4", r"line 3: userId is 'ann', expected a whole number"),
        ("1,,3.5,4", r"line 3: movieId is '', expected a whole number"),
        ("1,2,good,4", r"line 3: rating is 'good', expected a number"),
        ("1,2,nan,4", r"line 3: rating is 'nan', expected a number"),
        ("1,2,3.5,2020-01-01", r"line 3: timestamp is '2020-01-01', expected a whole number"),
        ("1,2,3.5,99999999999999999", r"line 3: timestamp is '99999999999999999', expected a smaller number"),
        ('1,"2,3.5,4', r"line 3: got 2 fields, expected 4"),
    ],
)
def test_a_malformed_line_of_ratings_is_named(tmp_path: Path, line: str, message: str) -> None:
    release_csv(tmp_path)
    (tmp_path / "ratings.csv").write_text(f"userId,movieId,rating,timestamp\n1,2,3.5,4\n{line}\n1,2,3,5\n")
    with pytest.raises(DataError, match=message) as raised:
        import_movielens(tmp_path, OPTIONS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("line", ["1::2::3", "1:2:3:4", "1::2::3::4::5", "1:x:2::3::4", "a::2::3::4"])
def test_a_malformed_line_of_doubled_colons_is_named(tmp_path: Path, line: str) -> None:
    release_1m(tmp_path)
    (tmp_path / "ratings.dat").write_text(f"1::2::3::4\n{line}\n")
    with pytest.raises(DataError, match=r"ratings\.dat, line 2: "):
        import_movielens(tmp_path, OPTIONS)


@pytest.mark.parametrize(
    ("write", "name", "content", "message"),
    [
        (release_100k, "u.item", "2|Brazil (1985)\n", r"u\.item, line 1: got 2 fields, expected 24"),
        (release_100k, "u.data", "", r"u\.data: "),
        (release_1m, "movies.dat", "2::Brazil (1985)\n", r"movies\.dat, line 1: .* expected id::title::genres"),
        (
            release_1m,
            "movies.dat",
            "x::Brazil::Drama\n",
            r"line 1: the movie's id is 'x', expected a whole number",
        ),
        (release_1m, "movies.dat", "2::A::D\n\n2::B::D\n", r"line 3: movie 2 occurs twice"),
        (release_csv, "movies.csv", "id,name\n", r"movies\.csv, line 1: .* expected movieId,title,genres"),
        (release_csv, "movies.csv", "movieId,title,genres\n2,Good, Bad,x\n", r"line 2: got 4 fields, expected 3"),
        (release_csv, "movies.csv", 'movieId,title,genres\n2,"Brazil"x,y\n', r"line 2: not CSV"),
        (release_csv, "ratings.csv", "userId,movieId,rating\n1,2,3\n", r"line 1: no timestamp column"),
        (release_csv, "ratings.csv", "userId,movieId,rating,timestamp\n", r"it holds no rows"),
    ],
)
def test_a_malformed_file_is_one_clear_line(
    tmp_path: Path, write: Callable[[Path], Path], name: str, content: str, message: str
) -> None:
    (write(tmp_path) / name).write_text(content)
    with pytest.raises(DataError, match=message):
        import_movielens(tmp_path, OPTIONS)


def test_ratings_without_movies_and_a_folder_without_either_say_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected u\.data, ratings\.dat or ratings\.csv"):
        import_movielens(tmp_path, OPTIONS)
    (tmp_path / "ratings.dat").write_text("1::2::3::4\n")
    with pytest.raises(DataError, match=r"movies\.dat is missing"):
        import_movielens(tmp_path, OPTIONS)


def test_movielens_100k_is_what_recbole_makes_of_it(shared_data: Path, tmp_path: Path) -> None:
    source = import_recbole(shared_data / "ml-100k", ImportOptions("ml-100k"))
    lines = (shared_data / "ml-100k" / "ml-100k.inter").read_text().splitlines()[1:]
    (tmp_path / "u.data").write_text("\n".join(lines) + "\n")
    (tmp_path / "u.item").write_text(
        "\n".join(item_line(key, f"Film {key}") for key in source.catalogue.keys) + "\n"
    )
    splits = import_movielens(tmp_path, OPTIONS).splits
    assert [list(splits[split]) for split in Split] == [list(source.splits[split]) for split in Split]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from('0123456789:,."\n\r\t-ae \x00é'), max_size=80))
def test_junk_is_imported_or_refused_in_one_line(tmp_path: Path, junk: str) -> None:
    release_csv(tmp_path)
    (tmp_path / "ratings.csv").write_text(f"userId,movieId,rating,timestamp\n1,2,3,4\n{junk}", encoding="utf-8")
    assert "\n" not in outcome(tmp_path)


def outcome(folder: Path) -> str:
    try:
        return import_movielens(folder, OPTIONS).hash
    except AFLError as error:
        return str(error)
