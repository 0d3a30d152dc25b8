"""`afl compare`: two runs side by side, the sessions on which they differ first."""

from typing import Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import print_json, show


def compare(
    a: Annotated[str, typer.Argument(metavar="A")],
    b: Annotated[str, typer.Argument(metavar="B")],
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Compare two runs over the same sessions: is B better than A, or is it noise?"""
    from simulations.commands.compare import compare as perform

    comparison = perform(a, b, db=db)
    if as_json:
        print_json(comparison.to_json())
    else:
        from simulations.sections.run_comparison import page

        show(page(comparison))
