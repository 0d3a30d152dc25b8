"""Which arms differ, which cannot be told apart, and what these sessions could have shown."""

from collections.abc import Sequence
from functools import partial

from simulations.analysis.hit_comparison import Pair
from simulations.analysis.paired_tests import PairedTest
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import p_value, rate, signed, signed_interval
from simulations.document.page import Figure, Section, Table, Text

MOST = 10
"""Pairs that are drawn and put into words; the table has all."""

_COLUMNS = ("arms", "n", "difference", "95 % interval", "won", "lost", "p", "p (Holm)", "could be shown")


def section(pairs: Sequence[Pair]) -> Section | None:
    """None where there is nothing to compare."""
    if not pairs:
        return None
    tests = [pair.test for pair in pairs]
    # People read a handful of sentences; the table has every pair.
    said = sorted(tests, key=lambda test: test.p_holm)[:MOST] if len(tests) > MOST else tests
    more = (
        [] if len(said) == len(tests) else [Text(f"The {MOST} of {len(tests)} pairs with the smallest p.", "note")]
    )
    return Section(
        "Which arms differ", (_figure(said), *more, *(Text(in_words(test)) for test in said), _table(pairs))
    )


def in_words(test: PairedTest) -> str:
    """The test in a sentence."""
    p = f"p = {p_value(test.p)}, after Holm {p_value(test.p_holm)}".replace("= <", "<")
    if test.is_significant:
        better, worse = (test.b, test.a) if test.difference > 0 else (test.a, test.b)
        ends = sorted(abs(end) for end in test.ci95)
        return f"{better} beats {worse} by {rate(abs(test.difference))} ({rate(ends[0])} to {rate(ends[1])}; {p})."
    could = (
        "too few sessions to show any" if test.detectable is None else f"could have shown {rate(test.detectable)}"
    )
    return (
        f"No difference can be told between {test.a} and {test.b}: {signed(test.difference)} "
        f"({signed_interval(test.ci95)}; {p}); n = {test.n:,}, {could}."
    )


def _figure(tests: Sequence[PairedTest]) -> Figure:
    rows = [
        Interval(
            _pair(test),
            test.difference,
            test.ci95,
            _said(test),
            band=test.detectable,
            series=int(test.is_significant),
        )
        for test in tests
    ]
    key = "grey: too small for these sessions to show"
    draw = partial(intervals, rows, unit="difference of hit rates @1, 95 % interval", reference=0.0, key=key)
    said = "; ".join(in_words(test) for test in tests)
    return Figure("differences", "Differences of hit rates, with 95 % interval", said, draw)


def _pair(test: PairedTest) -> str:
    return f"{test.b} − {test.a}"


def _said(test: PairedTest) -> str:
    return f"{signed(test.difference)}, p = {p_value(test.p_holm)}".replace("= <", "<")


def _table(pairs: Sequence[Pair]) -> Table:
    rows = [
        [
            _pair(test),
            f"{test.n:,}",
            signed(test.difference),
            signed_interval(test.ci95),
            str(won),
            str(lost),
            p_value(test.p),
            p_value(test.p_holm),
            "nothing" if test.detectable is None else rate(test.detectable),
        ]
        for test, won, lost in pairs
    ]
    caption = f"Pairs of arms over the same sessions: {len(rows)}"
    return Table.of(caption, _COLUMNS, rows, numbers=_COLUMNS[1:], folded=len(rows) > MOST)
