"""`afl compare`: two runs side by side, the sessions on which they differ first."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, table

if TYPE_CHECKING:
    from simulations.commands.compare import Comparison, Pair

LISTED = 40
"""Sessions listed for people; `--json` holds all."""


def compare(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Compare two runs over the same sessions: is B better than A, or is it noise?"""
    from simulations.commands.compare import compare as perform

    comparison = perform(a, b, db=db)
    if as_json:
        print_json(comparison.to_json())
    else:
        show(comparison)


def show(comparison: "Comparison", out: Console | None = None) -> None:
    """Prints both hit rates, what tells them apart, the sessions on which they differ, and the configurations."""
    out = out or console()
    out.print(_sides(comparison))
    if comparison.ranked:
        out.print(_ranked(comparison))
    for line in _findings(comparison):
        out.print(plain(line))
    _discordant(comparison, out)
    _configuration(comparison, out)


def _sides(comparison: "Comparison") -> object:
    numbers = ("hit rate @1", "n", "accepted", "failed")
    shown = table("", "run", "hit rate @1", "95 % interval", "n", "accepted", "failed", right=numbers)
    for name, side in (("A", comparison.a), ("B", comparison.b)):
        rate = side.hit_rate_at_1
        interval = f"{rate.ci95[0]:.4f} to {rate.ci95[1]:.4f}"
        counts = [str(count) for count in (rate.n, side.accepted, side.failed)]
        shown.add_row(name, plain(side.run), f"{rate.value:.4f}", interval, *counts)
    return shown


def _ranked(comparison: "Comparison") -> object:
    """The metrics of both runs' lists, with the paired test of each."""
    numbers = ("A", "B", "B - A", "p (Holm)")
    shown = table("metric", "A", "B", "B - A", "95 % interval", "p (Holm)", right=numbers)
    for entry in comparison.ranked:
        low, high = entry.test.ci95
        shown.add_row(
            entry.metric.heading,
            f"{entry.a.value:.4f}",
            f"{entry.b.value:.4f}",
            f"{entry.test.difference:+.4f}",
            f"{low:+.4f} to {high:+.4f}",
            f"{entry.test.p_holm:.4g}",
        )
    return shown


def _findings(comparison: "Comparison") -> list[str]:
    difference, test, smallest = comparison.difference, comparison.test, comparison.detectable
    low, high = difference.ci95
    could = "these sessions are too few to show any difference (p < .05, power .8)"
    if smallest is not None:
        could = f"smallest difference these sessions could have shown (p < .05, power .8): {smallest:.4f}"
    left_out = f"{comparison.left_out} sessions are left out: not both runs have recorded them"
    return [
        f"B - A: {difference.value:+.4f}, 95 % interval {low:+.4f} to {high:+.4f}, exact McNemar p = {test.p:.4g}",
        f"B wins {test.won} sessions and loses {test.lost}",
        could,
        *([left_out] if comparison.left_out else []),
    ]


def _discordant(comparison: "Comparison", out: Console) -> None:
    if not comparison.discordant:
        return
    out.print(plain("\nSessions on which they differ (* the target)"))
    shown = table("session", "target", "A recommends", "B recommends")
    for pair in comparison.discordant[:LISTED]:
        shown.add_row(*(plain(cell) for cell in _cells(pair)))
    out.print(shown)
    if len(comparison.discordant) > LISTED:
        out.print(plain(f"and {len(comparison.discordant) - LISTED} more: --json has them all"), style="dim")


def _cells(pair: "Pair") -> list[str]:
    """A target that was found is marked as everywhere: `*`."""
    items = [f"*{row.item}" if row.hit else row.item or f"({row.outcome})" for row in pair]
    return [pair.a.session, pair.a.target, *items]


def _configuration(comparison: "Comparison", out: Console) -> None:
    if not comparison.configuration:
        out.print(plain("\nboth runs were begun with the same configuration"))
        return
    out.print(plain("\nWhat they were begun with, where it differs"))
    shown = table("configuration", "A", "B")
    for key, values in comparison.configuration.items():
        shown.add_row(plain(key), *(plain("-" if value is None else value) for value in values))
    out.print(shown)
