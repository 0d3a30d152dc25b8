"""`afl doctor`."""

from dataclasses import asdict

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, plain, print_json, table

_MARKS = {True: "ok", False: "FAIL", None: "-"}


def doctor(db: DB = None, as_json: JSON = False) -> None:
    """Check whether this environment can run AFL."""
    from simulations.commands.doctor import doctor as run

    diagnosis = run(db=db)
    if as_json:
        print_json({"ok": diagnosis.ok, "checks": [asdict(check) for check in diagnosis.checks]})
    else:
        shown = table("", "check", "found")
        for check in diagnosis.checks:
            shown.add_row(_MARKS[check.ok], check.name, plain(check.text))
        console().print(shown)
    raise typer.Exit(0 if diagnosis.ok else 2)
