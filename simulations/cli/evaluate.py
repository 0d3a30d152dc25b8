"""`afl evaluate recommendation`."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli import options
from simulations.cli.options import DB, JSON, Text
from simulations.cli.output import print_json, watch

if TYPE_CHECKING:
    from simulations.evaluation import EvaluationReport

app = typer.Typer(help="Compare arms over the same sessions, with intervals and tests.", no_args_is_help=True)


@app.callback()
def evaluate() -> None:
    """Compare arms over the same sessions, with intervals and tests."""


@app.command("recommendation")
def evaluate_recommendation(
    dataset: options.Dataset,
    llm: options.LLM = None,
    base: Annotated[
        list[str] | None,
        typer.Option("--base", metavar="NAME[:ARG]", help="A base model; may be repeated. By default sasrec."),
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", metavar="NAME", help="base, agent or afl; may be repeated. By default all three."),
    ] = None,
    base_url: options.BaseURL = None,
    rounds: options.Rounds = None,
    candidates: options.Candidates = None,
    candidates_from: options.CandidatesFrom = None,
    seed: options.Seed = None,
    split: options.Split = None,
    sessions: options.Sessions = None,
    reward: options.Reward = None,
    tool: options.Tools = None,
    user_sees_candidates: options.UserSeesCandidates = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="Runs are called NAME-BASE-ARM; the same name continues.")
    ] = None,
    concurrency: options.Concurrency = 64,
    cache: options.Cache = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Compare base model, recommendation agent and feedback loop; the same command continues."""
    from simulations.commands.evaluate import evaluate_recommendation as perform
    from simulations.evaluation import ARMS

    report = perform(
        dataset=dataset,
        llm=llm,
        bases=base or ["sasrec"],
        arms=arm or ARMS,  # type: ignore[arg-type]  # checked by the command
        base_url=base_url,
        rounds=rounds,
        candidates=candidates,
        candidates_from=candidates_from,  # type: ignore[arg-type]  # checked by SimulateOptions
        seed=seed,
        split=split,  # type: ignore[arg-type]  # checked by SimulateOptions
        sessions=sessions,
        reward=reward,
        tools=tool or (),
        user_sees_candidates=user_sees_candidates,
        run=run,
        concurrency=concurrency,
        cache=cache,
        db=db,
        watch=watch(),
    )
    print_json(report.to_json()) if as_json else _show(report)
    raise typer.Exit(report.exit_code)


def _show(report: "EvaluationReport") -> None:
    from simulations.cli.evaluation_view import show

    show(report)
