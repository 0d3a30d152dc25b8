"""`afl hints train` and `afl hints evaluate`."""

from typing import Annotated, Any

import typer

from simulations.cli.options import JSON, Number, Text
from simulations.cli.output import finish, watch
from simulations.cli.shared import study_options

NOT_OF_TABLES = (
    "dataset",
    "llm",
    "rounds",
    "seeds",
    "split",
    "sessions",
    "recommender",
    "reward",
    "tools",
    "user_sees_candidates",
    "run",
)
"""Options of studies that reward tables do not have, or have as their own."""
Run = Annotated[
    Text, typer.Option("--run", metavar="NAME", help="What runs and policy are called after. (default: NAME)")
]


@study_options(leave_out=NOT_OF_TABLES)
def hints_train(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A knowledge base.")],
    *,
    sessions: Annotated[
        int, typer.Option("--sessions", metavar="N", help="Training and validation sessions together.")
    ] = 500,
    reward: Annotated[
        str, typer.Option("--reward", metavar="KIND", help="What an action earns: gain, ndcg, hit or rank.")
    ] = "gain",
    encoder: Annotated[
        str,
        typer.Option(
            "--encoder",
            metavar="NAME[:ARG]",
            help="How sessions are seen: attributes, sentence-transformers:PATH.",
        ),
    ] = "attributes",
    policy_seed: Annotated[int, typer.Option("--policy-seed", help="The policy's own seed.")] = 0,
    run: Run = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Try every hint on training sessions and train a policy that picks one, or none; the same command continues."""
    from simulations.commands.hints_train import hints_train as perform
    from simulations.sections.hints import training_page

    report = perform(
        name,
        sessions=sessions,
        reward=reward,  # type: ignore[arg-type]  # checked by the command
        encoder=encoder,
        policy_seed=policy_seed,
        run=run,
        watch=watch(),
        **options,
    )
    finish(report, training_page, as_json=as_json)


@study_options(leave_out=(*NOT_OF_TABLES, "candidates", "candidates_from", "seed", "train_on"))
def hints_evaluate(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A trained policy.")],
    *,
    sessions: Annotated[
        Number,
        typer.Option("--sessions", metavar="N", help="Held-out sessions. (default: 2000, or all there are)"),
    ] = None,
    run: Run = None,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Compare the policy with its rivals on held-out sessions, paired; the same command continues."""
    from simulations.commands.hints_evaluate import hints_evaluate as perform
    from simulations.sections.hints import evaluation_page

    report = perform(name, sessions=sessions, run=run, watch=watch(), **options)
    finish(report, evaluation_page, as_json=as_json)
