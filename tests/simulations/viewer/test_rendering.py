"""How numbers and texts are shown."""

import pytest

from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.rendering import TextBudget, cut, dollars, seconds, setting, share, unit
from simulations.viewer.transcript_view import Passage, RequestMessage


@pytest.mark.parametrize(
    ("duration", "shown"),
    [(None, "–"), (0.123, "0.12 s"), (59.4, "59 s"), (185, "3 min 5 s"), (7800, "2 h 10 min")],
)
def test_durations_are_shown_in_a_fitting_unit(duration: float | None, shown: str) -> None:
    assert seconds(duration) == shown


def test_numbers_are_shown_with_their_unit() -> None:
    assert (share(0.4016), dollars(0.01234), dollars(None), unit(12345, "count")) == (
        "40.2 %",
        "$0.0123",
        "–",
        "12,345",
    )


def test_settings_are_words_or_json() -> None:
    assert (setting("sasrec"), setting(None), setting(["1:1"])) == ("sasrec", "null", '["1:1"]')


def test_what_is_cut_says_how_much_is_left() -> None:
    assert cut("abcdef", 4) == "abcd … (2 more characters)"
    assert cut("abcd", 4) == "abcd"


def test_first_texts_are_whole_and_later_ones_have_what_is_left() -> None:
    budget = TextBudget(1000)
    assert budget.truncate("a" * 900) == "a" * 900
    assert budget.truncate("b" * 5000).startswith("b" * 300 + " …")
    assert budget.left == 0


def test_the_budget_counts_escaped_bytes() -> None:
    budget = TextBudget(1000)
    assert len(budget.truncate("<" * 1000)) < 350


def test_no_text_takes_more_than_its_share() -> None:
    assert TextBudget(10_000).truncate("a" * 100, 10) == "a" * 10 + " … (90 more characters)"


def test_new_lines_are_passages_apart_from_the_others() -> None:
    sent = RequestMessage("user", "old\nnew\nnewer\nold", new_lines=(1, 2))
    assert sent.passages == [Passage("old\n", False), Passage("new\nnewer\n", True), Passage("old", False)]


def test_a_chart_is_a_table_too() -> None:
    one = Series("hits", [Point(1, 0.5), Point(2, 0.6)])
    other = Series("misses", [Point(2, 0.4)])
    rows = list(Chart("c", "Chart", "round", "rate", [one, other]).rows())
    assert rows == [(1, [Point(1, 0.5), None]), (2, [Point(2, 0.6), Point(2, 0.4)])]


def test_a_chart_without_points_is_empty() -> None:
    assert Chart("c", "Chart", "round", "rate", [Series("hits", [])]).empty
