"""`afl audit`: what gives the target away, said in a line per check."""

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, table
from simulations.cli.runs import RunName


def audit(run: RunName, db: DB = None, as_json: JSON = False) -> None:
    """Look for leaks: what gives the target away."""
    from simulations.commands.audit import audit as perform

    found = perform(run, db=db)
    if as_json:
        print_json(found.to_json())
    else:
        shown = table("check", "verdict", "")
        for check in found.checks:
            shown.add_row(check.name, check.verdict.value, plain(check.text))
        console().print(shown)
    raise typer.Exit(found.exit_code)
