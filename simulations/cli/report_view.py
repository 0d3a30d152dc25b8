"""What `afl report` wrote, for people."""

from pathlib import Path
from typing import TYPE_CHECKING

from simulations.cli.output import console, plain

if TYPE_CHECKING:
    from simulations.commands.report import Reported


def show(report: "Reported") -> None:
    """Prints where the page is, and how many figures it has."""
    console().print(plain(f"{Path(report.out) / 'report.html'}, report.md and {len(report.files) - 2} figures"))
