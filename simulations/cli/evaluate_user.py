"""`afl evaluate user`."""

from typing import Annotated, Any

import typer

from simulations.cli.options import Number
from simulations.cli.output import finish
from simulations.cli.shared import study_options, told

Ratios = Annotated[
    list[str] | None,
    typer.Option(
        "--ratio", metavar="1:K", help="Wanted to unwanted items; may be repeated. By default 1:1, 1:3 and 1:9."
    ),
]
Items = Annotated[Number, typer.Option("--items", help="Items a user judges at each ratio. (default: 20)")]


@study_options()
def evaluate_user(
    *,
    ratio: Ratios = None,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", metavar="NAME", help="reward, agent or afl; may be repeated. By default all three."),
    ] = None,
    items: Items = None,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare what user agents say yes to with what their users went on to; the same command continues."""
    from simulations.commands.evaluate_user import evaluate_user as perform
    from simulations.sections.user_simulation import page
    from simulations.studies.user import USER_ARMS

    report = perform(ratios=ratio, arms=arm or USER_ARMS, items=items, **told(options))  # type: ignore[arg-type]  # checked by the command
    finish(report, page, as_json=as_json)
