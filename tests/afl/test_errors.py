"""What is said of a name that does not exist."""

import pytest

from afl.errors import LISTED, NotFoundError, nearest, unknown_name

MANY = [f"run-{number}" for number in range(50)]


def test_few_names_are_listed_in_full() -> None:
    error = unknown_name("run", "c", ["b", "a"])
    assert isinstance(error, NotFoundError)
    assert str(error) == "no run is called 'c'; available: a, b"


def test_without_any_name_the_message_says_how_to_get_one() -> None:
    error = unknown_name("data set", "mine", [], otherwise="none; import one first")
    assert str(error) == "no data set is called 'mine'; available: none; import one first"


def test_of_many_names_the_nearest_are_suggested() -> None:
    error = unknown_name("run", "first-lasfm", [*MANY, "first-lastfm"], listing="afl runs")
    assert (
        str(error)
        == "no run is called 'first-lasfm'; did you mean 'first-lastfm'? (51 in all, listed by: afl runs)"
    )


def test_where_none_of_many_is_similar_the_command_that_lists_them_is_named() -> None:
    error = unknown_name("run", "zzz", MANY, listing="afl runs")
    assert (
        str(error)
        == "no run is called 'zzz'; available: run-0, run-1, run-10, ... (50 in all, listed by: afl runs)"
    )


def test_without_such_a_command_all_are_listed() -> None:
    names = [f"source-{number}" for number in range(LISTED + 1)]
    assert str(unknown_name("source", "zzz", names)).endswith(", ".join(sorted(names)))


@pytest.mark.parametrize("typed", ["ML-1M", "ml1m", "ml-1", "my ml-1m"])
def test_case_typing_errors_and_parts_of_names_are_forgiven(typed: str) -> None:
    assert nearest(typed, ["steam", "ml-1m", "amazon-2018"]) == ["ml-1m"]


def test_at_most_three_are_suggested_and_the_most_similar_first() -> None:
    assert nearest("lastfm", ["lastfm-4", "lastfm_2", "lastfm-30", "lastfmm", "steam"])[0] == "lastfmm"
    assert len(nearest("lastfm", ["lastfm-4", "lastfm_2", "lastfm-30", "lastfmm", "steam"])) == 3
