"""`afl simulate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli import options
from simulations.cli.options import DB, JSON, Text
from simulations.cli.output import print_json, watch

if TYPE_CHECKING:
    from simulations.simulation_report import SimulationReport


def simulate(
    dataset: Annotated[Text, typer.Option("--dataset", metavar="NAME", help="An imported data set.")] = None,
    llm: options.LLM = None,
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
    concurrency: options.Concurrency = 64,
    engine: options.Engine = None,
    workers: options.Workers = None,
    address: options.Address = None,
    replay: Annotated[
        Text, typer.Option("--replay", metavar="RUN", help="Answer from this run's journal only; no network.")
    ] = None,
    cache: options.Cache = False,
    rpm: options.RPM = None,
    tpm: options.TPM = None,
    budget_usd: options.BudgetUSD = None,
    budget_tokens: options.BudgetTokens = None,
    max_tokens: options.MaxTokens = None,
    timeout: options.Timeout = None,
    session_timeout: options.SessionTimeout = None,
    run_timeout: options.RunTimeout = None,
    stall_after: options.StallAfter = None,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Run the feedback loop over the sessions of a data set; the same command continues."""
    from simulations.commands.simulate import simulate as perform

    report = perform(
        dataset=dataset,
        llm=llm,
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
        user=user,
        target_position=target_position,  # type: ignore[arg-type]  # checked by SimulateOptions
        run=run,
        concurrency=concurrency,
        engine=engine,
        workers=workers,
        address=address,
        replay=replay,
        cache=cache,
        rpm=rpm,
        tpm=tpm,
        budget_usd=budget_usd,
        budget_tokens=budget_tokens,
        max_tokens=max_tokens,
        timeout=timeout,
        session_timeout=session_timeout,
        run_timeout=run_timeout,
        stall_after=stall_after,
        db=db,
        watch=watch(),
    )
    print_json(report.to_json()) if as_json else _show(report)
    raise typer.Exit(report.exit_code)


def _show(report: "SimulationReport") -> None:
    from simulations.cli.simulation_view import show

    show(report)
