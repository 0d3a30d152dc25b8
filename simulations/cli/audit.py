"""`afl audit`: what gives the target away, said in a line per check."""

from typing import TYPE_CHECKING

from simulations.cli.options import DB, JSON
from simulations.cli.output import console, finish, plain, table
from simulations.cli.runs import RunName

if TYPE_CHECKING:
    from simulations.commands.audit import Audit


def audit(run: RunName, db: DB = None, as_json: JSON = False) -> None:
    """Look for leaks: what gives the target away."""
    from simulations.commands.audit import audit as perform

    finish(perform(run, db=db), _show, as_json=as_json)


def _show(found: "Audit") -> None:
    shown = table("check", "verdict", "")
    for check in found.checks:
        shown.add_row(check.name, check.verdict.value, plain(check.text))
    console().print(shown)
