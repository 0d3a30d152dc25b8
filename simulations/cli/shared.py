"""The options that all evaluations and studies have, declared once and joined to each command's own."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_origin

import typer

from simulations.cli import options
from simulations.cli.options import DB, JSON, Text

Command = Callable[..., None]


def _of_every_study(
    dataset: options.Dataset,
    llm: options.LLM = None,
    base_url: options.BaseURL = None,
    rounds: options.Rounds = None,
    candidates: options.Candidates = None,
    candidates_from: options.CandidatesFrom = None,
    seed: options.Seed = None,
    seeds: options.Seeds = 1,
    split: options.Split = None,
    train_on: options.TrainOn = None,
    sessions: options.Sessions = None,
    recommender: options.Recommender = None,
    reward: options.Reward = None,
    tools: options.Tools = None,
    user_sees_candidates: options.UserSeesCandidates = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="What runs are called after; the same name continues.")
    ] = None,
    concurrency: options.Concurrency = 64,
    engine: options.Engine = None,
    workers: options.Workers = None,
    address: options.Address = None,
    replay: Annotated[
        Text,
        typer.Option("--replay", metavar="NAME", help="Answer from the runs called NAME-... only; no network."),
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
    """Only its signature is of interest; the names are those of `StudyOptions`."""


def study_options(*, leave_out: tuple[str, ...] = (), before: str | None = None) -> Callable[[Command], Command]:
    """Puts these options in the place of a command's `**options`, but for those it leaves out.

    One that the command declares as well is the command's own; what it has besides stands behind the data set, or
    `before` the option of this name. The command gets them as keyword arguments under the names its public function
    knows; `as_json` is its own.
    """

    def join(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True)
        kept = {
            name: one
            for name, one in inspect.signature(_of_every_study).parameters.items()
            if name not in leave_out
        }
        declared = {name: one for name, one in own.parameters.items() if name != "options"}
        kept |= {name: one for name, one in declared.items() if name in kept and _is_option(one)}
        besides = [one for name, one in declared.items() if name not in kept]
        place = list(kept).index(before) if before else int("dataset" in kept)
        ordered = [*kept.values()][:place], besides, [*kept.values()][place:]
        keywords = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for part in ordered for one in part]
        command.__signature__ = own.replace(parameters=keywords)  # type: ignore[attr-defined]
        return command

    return join


def _is_option(declared: inspect.Parameter) -> bool:
    """Whether the command says what the option looks like, and not only that it wants its value."""
    return get_origin(declared.annotation) is Annotated


def told(options: dict[str, Any]) -> dict[str, Any]:
    """The options as public functions take them: no tools are an empty list, and people watch."""
    from simulations.cli.output import watch

    return {**options, "tools": options["tools"] or (), "watch": watch()}
