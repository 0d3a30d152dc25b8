"""`afl report`."""

from pathlib import Path
from typing import Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json


def report(
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="Names of runs; `afl runs` lists them.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A new folder, or that of an earlier report.")],
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Write a page with tables and figures about runs, as HTML and as Markdown."""
    from simulations.commands.report import report as perform

    written = perform(runs, out=out, db=db)
    if as_json:
        print_json(written.to_json())
    else:
        console().print(plain(f"{out / 'report.html'}, report.md and {len(written.files) - 2} figures"))
