"""`afl study NAME`: questions about the loop, one command each."""

from typing import Annotated, Any

import typer

from simulations.cli import evaluate_user as user_options
from simulations.cli.output import finish
from simulations.cli.shared import study_options, told

app = typer.Typer(help="Studies of the loop, one question each.", no_args_is_help=True)


@app.callback()
def study() -> None:
    """Studies of the loop, one question each."""


@app.command("ablation")
@study_options()
def ablation(*, as_json: bool, **options: Any) -> None:
    """What recommender and reward model contribute: the loop without one, the other, both."""
    from simulations.commands.study_ablation import study_ablation as perform
    from simulations.sections.study import page

    finish(perform(**told(options)), page, as_json=as_json)


@app.command("agreement")
@study_options()
def agreement(
    *, ratio: user_options.Ratios = None, items: user_options.Items = None, as_json: bool, **options: Any
) -> None:
    """Whether the user agent just nods: its yes against the reward score it is shown."""
    from simulations.commands.study_agreement import study_agreement as perform
    from simulations.sections.agreement import page

    finish(perform(ratios=ratio, items=items, **told(options)), page, as_json=as_json)


@app.command("popularity")
@study_options()
def popularity(*, as_json: bool, **options: Any) -> None:
    """Whether the loop hands out what everybody knows: the share of popular items, round by round."""
    from simulations.commands.study_popularity import study_popularity as perform
    from simulations.sections.study import page

    finish(perform(**told(options)), page, as_json=as_json)


@app.command("position")
@study_options()
def position(*, as_json: bool, **options: Any) -> None:
    """Whether the target's place in the list decides: first, last, or as the list was shuffled."""
    from simulations.commands.study_position import study_position as perform
    from simulations.sections.study import page

    finish(perform(**told(options)), page, as_json=as_json)


@app.command("rankers")
@study_options()
def rankers(
    *,
    as_json: bool,
    listed: Annotated[
        int, typer.Option("--listed", metavar="N", help="How many candidates the recommendation agent lists.")
    ] = 5,
    **options: Any,
) -> None:
    """Base model, agents and reward model as rankers, alone and in pairs, beside the loop."""
    from simulations.commands.study_rankers import study_rankers as perform
    from simulations.sections.study import page

    finish(perform(listed=listed, **told(options)), page, as_json=as_json)


@app.command("rounds")
@study_options()
def rounds(*, as_json: bool, **options: Any) -> None:
    """What further rounds bring: the loop after each of its rounds."""
    from simulations.commands.study_rounds import study_rounds as perform
    from simulations.sections.study import page

    finish(perform(**told(options)), page, as_json=as_json)


@app.command("user-rounds")
@study_options()
def user_rounds(
    *, ratio: user_options.Ratios = None, items: user_options.Items = None, as_json: bool, **options: Any
) -> None:
    """What the memory of further rounds does for the user agent: precision, recall and F1."""
    from simulations.commands.study_user_rounds import study_user_rounds as perform
    from simulations.sections.user_simulation import page

    finish(perform(ratios=ratio, items=items, **told(options)), page, as_json=as_json)
