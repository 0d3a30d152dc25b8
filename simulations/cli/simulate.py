"""`afl simulate`."""

from typing import Annotated, Any

import typer

from simulations.cli.options import Text
from simulations.cli.output import finish
from simulations.cli.shared import study_options, told


@study_options(leave_out=("seeds", "train_on"), before="run")
def simulate(
    dataset: Annotated[Text, typer.Option("--dataset", metavar="NAME", help="An imported data set.")] = None,
    user: Annotated[
        bool | None,
        typer.Option("--user/--no-user", help="Without a user agent a dialogue is one recommendation."),
    ] = None,
    target_position: Annotated[
        Text,
        typer.Option("--target-position", help="The target in its list: random, first or last. (default: random)"),
    ] = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="The run's name; the same name continues.")
    ] = None,
    replay: Annotated[
        Text, typer.Option("--replay", metavar="RUN", help="Answer from this run's journal only; no network.")
    ] = None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Run the feedback loop over the sessions of a data set; the same command continues."""
    from simulations.commands.simulate import simulate as perform
    from simulations.sections.simulation import page

    report = perform(
        dataset=dataset,
        user=user,
        target_position=target_position,  # type: ignore[arg-type]  # checked by RunOptions
        run=run,
        replay=replay,
        **told(options),
    )
    finish(report, page, as_json=as_json)
