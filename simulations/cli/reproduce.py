"""`afl reproduce`: published numbers and ours, a row each."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from simulations.cli import options
from simulations.cli.options import DB, JSON
from simulations.cli.output import console, finish, plain, table, watch

if TYPE_CHECKING:
    from simulations.commands.reproduce import Reproduction
    from simulations.reproduction.reproducing import RowResult, Target


def reproduce(
    target: Annotated[
        str,
        typer.Argument(metavar="TARGET", help="table4, table5, table6, table7, figure4, figure5, figure6 or all."),
    ],
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help="lastfm, imported.")] = "lastfm",
    llm: Annotated[str, typer.Option("--llm", metavar="NAME[:ARG]", help="offline, or openai:MODEL.")] = "offline",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Also write a page with tables and figures.")
    ] = None,
    base_url: options.BaseURL = None,
    concurrency: options.Concurrency = 64,
    cache: options.Cache = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Put the published tables and figures beside what comes out here; the same command continues."""
    from simulations.commands.reproduce import reproduce as perform

    found = perform(
        target,  # type: ignore[arg-type]  # checked by the command
        dataset=dataset,
        llm=llm,
        out=out,
        base_url=base_url,
        concurrency=concurrency,
        cache=cache,
        db=db,
        watch=watch(),
    )
    finish(found, show, as_json=as_json)


def show(found: "Reproduction", out: Console | None = None) -> None:
    """Prints every target: its rows, then its claims."""
    from simulations.cli.simulation_view import STAND_IN

    out = out or console()
    for target in found.targets:
        out.print(plain(f"{target.manifest.source}: {target.manifest.title}"), style="bold")
        out.print(_rows(target))
        for result in target.claims:
            said = [one.value for one in (result.holds, result.verdict) if one is not None]
            out.print(plain(f"{result.claim.place}: {result.claim.claim} {' · '.join(said)}"))
        out.print()
    if found.out is not None:
        out.print(plain(f"page: {Path(found.out) / 'report.html'}"))
    if found.stand_in:
        out.print(plain(STAND_IN), style="yellow")


def _rows(target: "Target") -> object:
    shown = table(
        "row",
        "column",
        "paper",
        "n",
        "ours",
        "95 % interval",
        "n ours",
        "verdict",
        right=("paper", "n", "ours", "n ours"),
    )
    for result in target.rows:
        shown.add_row(*(plain(cell) for cell in _cells(result)))
    return shown


def _cells(result: "RowResult") -> list[str]:
    published, ours = result.row.published, result.ours
    paper = ["", ""] if published is None else [f"{published.value:.4f}", str(published.n)]
    found = ["", "", ""]
    if ours is not None:
        found = [f"{ours.value:.4f}", f"[{ours.ci95[0]:.3f}, {ours.ci95[1]:.3f}]", str(ours.n)]
    return [result.row.row, result.row.column, *paper, *found, result.verdict.value]
