"""`afl audit`: what gives the target away, said in a line per check."""

from typing import TYPE_CHECKING

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from simulations.leakage.run_audit import Audit


def show(found: "Audit") -> None:
    """Prints a row per check."""
    shown = table("check", "verdict", "")
    for check in found.checks:
        shown.add_row(check.name, check.verdict.value, plain(check.text))
    console().print(shown)
