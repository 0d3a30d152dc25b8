"""`afl evaluate user`."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli import options
from simulations.cli.options import DB, JSON, Number, Text
from simulations.cli.output import print_json, watch

if TYPE_CHECKING:
    from simulations.studies.user import UserReport


def evaluate_user(
    dataset: options.Dataset,
    llm: options.LLM = None,
    ratio: Annotated[
        list[str] | None,
        typer.Option(
            "--ratio",
            metavar="1:K",
            help="Wanted to unwanted items; may be repeated. By default 1:1, 1:3 and 1:9.",
        ),
    ] = None,
    arm: Annotated[
        list[str] | None,
        typer.Option("--arm", metavar="NAME", help="reward, agent or afl; may be repeated. By default all three."),
    ] = None,
    items: Annotated[
        Number, typer.Option("--items", help="Items a user judges at each ratio. (default: 20)")
    ] = None,
    train_on: Annotated[
        Text,
        typer.Option("--train-on", metavar="NAME", help="A data set over the same items that models learn from."),
    ] = None,
    seeds: options.Seeds = 1,
    base_url: options.BaseURL = None,
    rounds: options.Rounds = None,
    candidates: options.Candidates = None,
    candidates_from: options.CandidatesFrom = None,
    seed: options.Seed = None,
    split: options.Split = None,
    sessions: options.Sessions = None,
    recommender: options.Recommender = None,
    reward: options.Reward = None,
    tool: options.Tools = None,
    user_sees_candidates: options.UserSeesCandidates = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="Runs are called NAME-ARM; the same name continues.")
    ] = None,
    concurrency: options.Concurrency = 64,
    cache: options.Cache = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Compare what user agents say yes to with what their users went on to; the same command continues."""
    from simulations.commands.evaluate_user import evaluate_user as perform
    from simulations.studies.user import USER_ARMS

    report = perform(
        dataset=dataset,
        llm=llm,
        ratios=ratio,
        arms=arm or USER_ARMS,  # type: ignore[arg-type]  # checked by the command
        items=items,
        train_on=train_on,
        seeds=seeds,
        base_url=base_url,
        rounds=rounds,
        candidates=candidates,
        candidates_from=candidates_from,  # type: ignore[arg-type]  # checked by SimulateOptions
        seed=seed,
        split=split,  # type: ignore[arg-type]  # checked by SimulateOptions
        sessions=sessions,
        recommender=recommender,
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


def _show(report: "UserReport") -> None:
    from simulations.cli.user_view import show

    show(report)
