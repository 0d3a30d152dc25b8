"""`afl reproduce`: published numbers and ours, a row each."""

from pathlib import Path
from typing import Annotated

import typer

from simulations.cli import options
from simulations.cli.options import DB, JSON
from simulations.cli.output import finish, watch


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
    from simulations.reproduction.page import page

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
    finish(found, page, as_json=as_json)
