"""What `afl doctor` found, for people."""

from typing import TYPE_CHECKING

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from simulations.commands.doctor import Diagnosis

_MARKS = {True: "ok", False: "FAIL", None: "-"}


def show(diagnosis: "Diagnosis") -> None:
    """Prints a row per check."""
    shown = table("", "check", "found")
    for check in diagnosis.checks:
        shown.add_row(_MARKS[check.ok], check.name, plain(check.text))
    console().print(shown)
