"""`afl view`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, watch


def view(
    runs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUN...]", help="Begin at this run, or at the comparison of several.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="0 for any that is free.")
    ] = 7576,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Other than 127.0.0.1: others may look, with a token.")
    ] = "127.0.0.1",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="DIR", help="Write the pages into a folder instead, to be opened from disk."
        ),
    ] = None,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Look at runs, dialogues and comparisons in the browser."""
    from simulations.commands.view import view as perform

    def opened(address: str) -> None:
        if as_json:
            print_json({"url": address})
            sys.stdout.flush()
        else:
            console().print(plain(f"{address}\nCtrl-C ends it."), soft_wrap=True)

    try:
        site = perform(
            runs or (), export=export, host=host, port=port, browser=browser, db=db, opened=opened, watch=watch()
        )
    except KeyboardInterrupt:
        if export is not None:
            raise
        return  # closed before it was open
    if site is None:
        return
    if as_json:
        print_json(site.to_json())
    else:
        console().print(
            plain(
                f"{Path(site.out) / 'index.html'} and {len(site.files) - 1:,} more files, {site.size / 1e6:,.1f} MB"
            )
        )
