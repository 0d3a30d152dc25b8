"""`afl simulate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import print_json, watch

if TYPE_CHECKING:
    from simulations.report import SimulationReport

Text = str | None
Number = int | None


def simulate(
    dataset: Annotated[Text, typer.Option("--dataset", metavar="NAME", help="An imported data set.")] = None,
    llm: Annotated[Text, typer.Option("--llm", metavar="NAME[:ARG]", help="offline, or openai:MODEL.")] = None,
    base_url: Annotated[
        Text, typer.Option("--base-url", metavar="URL", help="An OpenAI-compatible endpoint: vLLM, Ollama, ...")
    ] = None,
    rounds: Annotated[
        Number, typer.Option("--rounds", help="The most rounds of a dialogue.  [default: 4]")
    ] = None,
    candidates: Annotated[Number, typer.Option("--candidates", help="Length of a list.  [default: 20]")] = None,
    candidates_from: Annotated[
        Text, typer.Option("--candidates-from", help="seeded or reference.  [default: seeded]")
    ] = None,
    seed: Annotated[Number, typer.Option("--seed", help="The study's seed.  [default: 303]")] = None,
    split: Annotated[Text, typer.Option("--split", help="test, valid, train or all.  [default: test]")] = None,
    sessions: Annotated[
        Number, typer.Option("--sessions", metavar="N", help="The first N in seeded order; all by default.")
    ] = None,
    recommender: Annotated[
        Text,
        typer.Option(
            "--recommender", metavar="NAME[:ARG]", help="sasrec, file:PATH.csv or none.  [default: sasrec]"
        ),
    ] = None,
    reward: Annotated[
        Text, typer.Option("--reward", metavar="NAME[:ARG]", help="sasrec or none.  [default: sasrec]")
    ] = None,
    tool: Annotated[
        list[str] | None, typer.Option("--tool", metavar="NAME[:ARG]", help="A recommender tool; may be repeated.")
    ] = None,
    user_sees_candidates: Annotated[
        bool | None,
        typer.Option(
            "--user-sees-candidates/--user-sees-item-only",
            help="Ask the user agent whether the item is the best of the list, or judges it alone.",
        ),
    ] = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="The run's name; the same name continues.")
    ] = None,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Sessions under way at once.")] = 64,
    replay: Annotated[
        Text, typer.Option("--replay", metavar="RUN", help="Answer from this run's journal only; no network.")
    ] = None,
    cache: Annotated[bool, typer.Option("--cache", help="Let equal requests of earlier runs answer.")] = False,
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
        run=run,
        concurrency=concurrency,
        replay=replay,
        cache=cache,
        db=db,
        watch=watch(),
    )
    print_json(report.to_json()) if as_json else _show(report)
    raise typer.Exit(report.exit_code)


def _show(report: "SimulationReport") -> None:
    from simulations.cli.simulation_view import show

    show(report)
