"""`afl rank`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from simulations.cli.options import LLM, Number, Text
from simulations.cli.output import finish
from simulations.cli.shared import study_options, told

NOT_OF_RANKING = ("rounds", "seeds", "reward", "user_sees_candidates", "recommender")
"""What only dialogues and studies of several seeds know, and what is declared anew here."""


@study_options(leave_out=("dataset", "llm", "candidates", "run", "replay", *NOT_OF_RANKING))
def rank(
    dataset: Annotated[Text, typer.Option("--dataset", metavar="NAME", help="An imported data set.")] = None,
    llm: LLM = None,
    candidates: Annotated[
        Number, typer.Option("--candidates", help="Length of a list shown. (default: 50)")
    ] = None,
    top: Annotated[
        Number, typer.Option("--top", metavar="N", help="How many of them are listed. (default: 10)")
    ] = None,
    recommender: Annotated[
        Text, typer.Option("--recommender", metavar="NAME[:ARG]", help="Whose suggestion is told. (default: none)")
    ] = None,
    run: Annotated[
        Text, typer.Option("--run", metavar="NAME", help="The run's name; the same name continues.")
    ] = None,
    replay: Annotated[
        Text, typer.Option("--replay", metavar="RUN", help="Answer from this run's journal only; no network.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", metavar="FILE", help="Stored answers in place of a language model.")
    ] = None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """Ask for ranked lists: HR@k and NDCG@k of the recommendation agent; the same command continues."""
    from simulations.commands.rank import rank as perform
    from simulations.sections.ranking import page

    report = perform(
        dataset=dataset,
        llm=llm,
        candidates=candidates,
        top=top,
        recommender=recommender,
        run=run,
        replay=replay,
        answers=answers,
        **told(options),
    )
    finish(report, page, as_json=as_json)
