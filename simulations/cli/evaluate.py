"""`afl evaluate recommendation`."""

from typing import Annotated, Any

import typer

from simulations.cli.output import finish
from simulations.cli.shared import study_options, told

app = typer.Typer(help="Compare arms over the same sessions, with intervals and tests.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Compare arms over the same sessions, with intervals and tests."""


@app.command("recommendation")
@study_options(leave_out=("recommender",))
def evaluate_recommendation(
    base: Annotated[
        list[str] | None,
        typer.Option(
            "--base", metavar="NAME[:ARG]", help="A base model, or llm; may be repeated. By default sasrec."
        ),
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option(
            "--arm",
            metavar="NAME",
            help="base, agent, afl, or the last two with -without-tools; may be repeated. By default the first three.",
        ),
    ] = None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare base model, recommendation agent and feedback loop; the same command continues."""
    from simulations.commands.evaluate import evaluate_recommendation as perform
    from simulations.sections.study import page
    from simulations.studies.recommendation import ARMS

    report = perform(bases=base or ["sasrec"], arms=arm or ARMS, **told(options))  # type: ignore[arg-type]  # checked by the command
    finish(report, page, as_json=as_json)
