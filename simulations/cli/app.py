"""All commands of `afl`, in the order `afl --help` lists them."""

from typing import Annotated

import typer

from afl import __version__
from simulations.cli import (
    audit,
    cache,
    compare,
    data,
    estimate,
    evaluate,
    evaluate_user,
    flower,
    hints,
    rank,
    report,
    reproduce,
    rescore,
    runs,
    simulate,
    study,
    study_hints,
    system,
    train,
    view,
)

app = typer.Typer(
    name="afl",
    help="Simulates what happens between a recommender and its user: two language-model agents, on the record.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data.app, name="data")
app.command("train")(train.train)
app.command("estimate")(estimate.estimate)
app.command("simulate")(simulate.simulate)
app.command("rank")(rank.rank)
evaluate.app.command("user")(evaluate_user.evaluate_user)
app.add_typer(evaluate.app, name="evaluate")
study.app.command("hints-size")(study_hints.hints_size)
study.app.command("few-shot")(study_hints.few_shot)
study.app.command("reward-design")(study_hints.reward_design)
study.app.command("random-hint")(study_hints.random_hint)
study.app.command("hint-filters")(study_hints.hint_filters)
app.add_typer(study.app, name="study")
app.add_typer(hints.app, name="hints")
app.add_typer(flower.app, name="flower")
app.command("runs")(runs.runs)
app.command("inspect")(runs.inspect)
app.command("compare")(compare.compare)
app.command("export")(runs.export)
app.command("view")(view.view)
app.command("report")(report.report)
app.command("reproduce")(reproduce.reproduce)
app.command("audit")(audit.audit)
app.command("rescore")(rescore.rescore)
app.add_typer(cache.app, name="cache")
app.command("doctor")(system.doctor)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"afl {__version__}")
        raise typer.Exit


@app.callback()
def afl(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Simulates what happens between a recommender and its user: two language-model agents, on the record."""
