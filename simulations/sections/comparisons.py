"""Paired comparisons of arms: a table with one test per row, and which of them are significant."""

import re
from collections.abc import Mapping, Sequence
from functools import partial

from simulations.analysis.hit_comparison import HitArm, discordant_sessions
from simulations.analysis.paired_tests import PairedTest
from simulations.document.figures.intervals import Interval, intervals
from simulations.document.formats import count, metric, p_value, plural, rate, signed, signed_interval
from simulations.document.page import Block, Column, Figure, Section, Table, Text

LISTED = 10
"""Pairs in the figure, and significant pairs named below the table; the table has all."""

GROUPS = {"base": "base model", "varied": "agent that differs", "fixed": "model of the other agent"}
"""Keys that arms are grouped by in the JSON -> headings; any other is its own heading."""

SESSIONS_LISTED = 60
"""Sessions listed per group; `afl compare A B --json` has all."""

_NUMBERS = (
    Column("n", count),
    Column("difference", signed),
    Column("95 % interval", signed_interval),
    Column("won", count),
    Column("lost", count),
    Column("p", p_value),
    Column("p (Holm)", p_value),
    Column("minimum detectable effect (power .8)", rate),
)


def section(tests: Sequence[PairedTest], *, title: str = "Comparisons") -> Section | None:
    """Figure, table and verdict; None where there is nothing to compare."""
    if not tests:
        return None
    shown = sorted(tests, key=lambda test: test.p_holm)[:LISTED] if len(tests) > LISTED else tests
    note = f"The {LISTED} of {len(tests)} pairs with the smallest p." if len(shown) < len(tests) else ""
    notes = [Text(note, "note")] if note else []
    return Section(title, (_figure(shown), *notes, *blocks(tests, folded=len(tests) > LISTED)))


def blocks(tests: Sequence[PairedTest], *, caption: str = "", folded: bool = False) -> tuple[Block, ...]:
    """The table and the verdict; nothing for no tests."""
    return (table(tests, caption=caption, folded=folded), verdict(tests)) if tests else ()


def table(tests: Sequence[PairedTest], *, caption: str = "", folded: bool = False) -> Table:
    """One test per row: what its arms share, the arms, and the numbers."""
    keys = list(dict.fromkeys(key for test in tests for key in test.group))
    metrics = list(dict.fromkeys(test.metric for test in tests))
    columns = [Column(GROUPS.get(key, key)) for key in keys]
    columns += [Column("metric")] if len(metrics) > 1 else []
    short = {key: short_names([str(test.group.get(key, "")) for test in tests]) for key in keys}
    rows = [
        [
            *(short[key][str(test.group.get(key, ""))] for key in keys),
            *([metric(test.metric)] if len(metrics) > 1 else []),
            _arms(test),
            test.n,
            test.difference,
            test.ci95,
            test.won,
            test.lost,
            test.p,
            test.p_holm,
            test.detectable,
        ]
        for test in tests
    ]
    of_metric = f" of {metric(metrics[0])}" if len(metrics) == 1 else ""
    caption = caption or f"Paired differences{of_metric}: {plural(len(tests), 'comparison')}"
    return Table.of(caption, (*columns, Column("arms"), *_NUMBERS), rows, folded=folded)


def verdict(tests: Sequence[PairedTest]) -> Text:
    """Which comparisons are significant, in a sentence."""
    significant = [test for test in tests if test.is_significant]
    level = "at the 5 % level after Holm's adjustment"
    several = len({test.metric for test in tests}) > 1
    of_metric = "" if several else f" of {metric(tests[0].metric)}"
    if not significant:
        if len(tests) == 1:
            return Text(f"The difference{of_metric} is not significant {level}.")
        return Text(f"None of the {len(tests)} differences{of_metric} is significant {level}.")
    named = [_named(test, with_metric=several) for test in significant[:LISTED]]
    more = f" and {len(significant) - LISTED} more" if len(significant) > LISTED else ""
    rest = len(tests) - len(significant)
    others = f"; the other {plural(rest, 'difference')} {'is' if rest == 1 else 'are'} not" if rest else ""
    return Text(f"Significant {level}: {', '.join(named)}{more}{others}.")


def sessions(groups: Sequence[Sequence[HitArm]], targets: Mapping[str, str]) -> Section | None:
    """The sessions that some arms hit and others miss: a table per group of several arms; None where there is none."""
    several = [arms for arms in groups if len(arms) > 1]
    if not several:
        return None
    return Section("Sessions on which arms differ", tuple(_discordant(arms, targets) for arms in several))


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Name -> the name with the path in its argument cut to its last part, where that keeps them distinct."""
    short = {name: re.sub(r":.*[/\\]", ":", name) for name in names}
    return short if len(set(short.values())) == len(short) else {name: name for name in names}


def _discordant(arms: Sequence[HitArm], targets: Mapping[str, str]) -> Block:
    discordant = discordant_sessions(arms)
    if not discordant:
        return Text("All arms hit and miss the same sessions.")
    caption = (
        f"{count(len(discordant))} of {plural(len(arms[0].hits), 'session')} are hit by some arms and missed by others "
        "(✓ the target)"
    )
    rows = [[session, targets[session], *(_item(arm, session) for arm in arms)] for session in discordant]
    columns = (Column("session"), Column("target"), *(Column(arm.label) for arm in arms))
    return Table.of(caption, columns, rows, most=SESSIONS_LISTED, folded=True)


def _item(arm: HitArm, session: str) -> str:
    if session not in arm.hits:
        return "(not recorded)"
    item = arm.items[session]
    return "(failed)" if item is None else f"✓ {item}" if arm.hits[session] else item


def _arms(test: PairedTest) -> str:
    return f"{test.b} − {test.a}"


def _named(test: PairedTest, *, with_metric: bool) -> str:
    """`afl − base (sasrec, F1): +0.0820`"""
    details = [*map(str, test.group.values()), *([metric(test.metric)] if with_metric else [])]
    where = f" ({', '.join(details)})" if details else ""
    return f"{_arms(test)}{where}: {signed(test.difference)}"


def _figure(tests: Sequence[PairedTest]) -> Figure:
    rows = [
        Interval(
            _arms(test),
            test.difference,
            test.ci95,
            _numbers(test),
            band=test.detectable,
            series=int(test.is_significant),
        )
        for test in tests
    ]
    key = "grey: below the minimum detectable effect (power .8)"
    name = metric(tests[0].metric)
    draw = partial(intervals, rows, unit=f"difference of {name}, 95 % interval", reference=0.0, key=key)
    alternative = "; ".join(
        f"{_arms(test)}: {_numbers(test)}, 95 % interval {signed_interval(test.ci95)}" for test in tests
    )
    return Figure("differences", f"Paired differences of {name}, with 95 % interval", alternative, draw)


def _numbers(test: PairedTest) -> str:
    return f"{signed(test.difference)}, p = {p_value(test.p_holm)}".replace("= <", "<")
