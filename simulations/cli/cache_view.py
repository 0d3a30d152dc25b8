"""`afl cache`: what `--cache` could answer, and why not the rest."""

from typing import TYPE_CHECKING

from rich.console import Console

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from simulations.execution.cache_explanation import CacheExplanation
    from simulations.execution.cache_misses import Explained

LISTED = 20
"""Requests listed for people; `--json` holds all."""


def show(
    found: "CacheExplanation",
    out: Console | None = None,
    *,
    session: str | None = None,
    round: int | None = None,
    role: str | None = None,
) -> None:
    """Prints how many requests missed and why, and the nearest earlier request of each, or of an example per cause."""
    out = out or console()
    asked, missed = len(found.requests), len(found.missed)
    could = (
        f"earlier replies could answer {asked - missed:,} of {asked:,} requests and did answer {found.reused:,}"
    )
    out.print(plain(f"run {found.run}: {could}; {missed:,} miss"))
    if not missed:
        return
    causes = table("cause", "requests", right=("requests",))
    for cause, count in found.causes.items():
        causes.add_row(plain(cause), f"{count:,}")
    out.print(causes)
    examples = (session, round, role) == (None, None, None)
    shown = found.examples if examples else found.missed
    for one in shown[:LISTED]:
        _request(one, out)
    if missed > len(shown[:LISTED]):
        out.print(plain("\n--session, --round and --role show more of them, --json has all"), style="dim")
    _configuration(found, out)


def _request(one: "Explained", out: Console) -> None:
    from afl.llm.fingerprint import describe_call

    if one.nearest is None:
        out.print(plain(f"\n{describe_call(one.key)}: {one.cause}"))
        return
    out.print(
        plain(f"\n{describe_call(one.key)}; nearest: run {one.nearest.run}, {describe_call(one.nearest.key)}")
    )
    for difference in one.nearest.differences or (one.cause,):
        out.print(plain(f"  {difference}"))


def _configuration(found: "CacheExplanation", out: Console) -> None:
    for run, keys in found.configuration.items():
        if not keys:
            continue
        out.print(plain(f"\nWhat run {run} was begun with, where it differs"))
        shown = table("configuration", "then", "now")
        for key, values in keys.items():
            shown.add_row(plain(key), *(plain("-" if value is None else value) for value in values))
        out.print(shown)
