"""Pages in the terminal: numbers are never cut, text is folded, what strangers wrote does nothing."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from simulations.document.formats import count, interval, rate
from simulations.document.page import Column, Facts, Page, Section, Table, Text
from simulations.document.terminal import show

COLUMNS = (
    Column("arm"),
    Column("HR@1", rate),
    Column("95 % interval", interval),
    Column("number of users", count),
)
ROWS = [["the recommendation agent alone", 0.25, (0.1, 0.4), 1234], ["afl", None, None, 7]]


def printed(page: Page, *, width: int = 110) -> str:
    out = io.StringIO()
    show(page, Console(file=out, width=width, highlight=False, markup=False, emoji=False))
    return out.getvalue()


def page(*blocks: Text | Facts | Table) -> Page:
    return Page("", (), (Section("", blocks),))


def test_all_numbers_of_a_column_have_one_form_and_what_is_missing_a_dash() -> None:
    lines = printed(page(Table.of("", COLUMNS, ROWS))).splitlines()
    assert lines[-2].split()[-5:] == ["0.2500", "0.1000", "to", "0.4000", "1,234"]
    assert lines[-1].split() == ["afl", "–", "–", "7"]


def test_a_table_too_wide_for_the_terminal_is_broken_into_parts_that_repeat_the_first_column() -> None:
    shown = printed(page(Table.of("", COLUMNS, ROWS)), width=40)
    assert max(map(len, shown.splitlines())) <= 40
    assert shown.count("afl") == 3
    assert "0.1000 to 0.4000" in shown
    assert "1,234" in shown


@given(st.integers(20, 200))
def test_numbers_are_whole_at_every_width(width: int) -> None:
    shown = printed(page(Table.of("", COLUMNS, ROWS)), width=width)
    assert {"0.2500", "1,234"} <= set(shown.split())


def test_warnings_come_last() -> None:
    lead = (Text("a warning", "warning"), Text("over 10 sessions"))
    shown = printed(Page("Title", lead, (Section("Results", (Facts((("runs", "a"),)),)),)))
    assert shown.split("\n\n") == ["Title", "over 10 sessions", "Results\nruns  a", "a warning\n"]


def test_text_is_shown_as_it_is_and_obeyed_by_nobody() -> None:
    shown = printed(page(Text("[red]\x1b[31m:smile:"), Table.of("", (Column("t"),), [["\x1b[2Jx [b]"]])))
    assert "[red]\ufffd[31m:smile:" in shown
    assert "\ufffd[2Jx [b]" in shown
    assert "\x1b" not in shown


def test_rows_left_out_are_counted() -> None:
    assert "and 3 more" in printed(page(Table.of("", (Column("n", count),), [[n] for n in range(5)], most=2)))
