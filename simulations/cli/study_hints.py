"""`afl study hints-size|few-shot|reward-design|random-hint|hint-filters`: what a policy over hints owes to what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulations.cli.options import DB, JSON
from simulations.cli.output import finish, watch
from simulations.cli.shared import study_options

if TYPE_CHECKING:
    from simulations.analysis.study_report import StudyReport

PolicyName = Annotated[str, typer.Argument(metavar="NAME", help="A policy, trained and evaluated.")]
Out = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Also a page with the figure, like `afl report`.")
]


def hints_size(
    name: PolicyName,
    size: Annotated[
        list[int] | None, typer.Option("--size", metavar="N", help="So many hints; may be repeated.")
    ] = None,
    out: Out = None,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """How many hints are worth having: policies over the first of them; nothing is asked."""
    from simulations.commands.study_hints import study_hints_size as perform
    from simulations.studies.hints import SIZES

    told(perform(name, sizes=size or SIZES, db=db), out, as_json=as_json)


def few_shot(
    name: PolicyName,
    sessions: Annotated[
        list[int] | None, typer.Option("--sessions", metavar="N", help="So many of them; may be repeated.")
    ] = None,
    out: Out = None,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """How many training sessions it takes: policies from the first of them; nothing is asked."""
    from simulations.commands.study_hints import study_few_shot as perform
    from simulations.studies.hints import FEW

    told(perform(name, sessions=sessions or FEW, db=db), out, as_json=as_json)


def reward_design(name: PolicyName, out: Out = None, db: DB = None, as_json: JSON = False) -> None:
    """What a policy had better learn from: gain, NDCG, hit or rank; nothing is asked."""
    from simulations.commands.study_hints import study_reward_design as perform

    told(perform(name, db=db), out, as_json=as_json)


def random_hint(name: PolicyName, out: Out = None, db: DB = None, as_json: JSON = False) -> None:
    """What choosing is worth: the policy beside a random hint; nothing is asked."""
    from simulations.commands.study_hints import study_random_hint as perform

    told(perform(name, db=db), out, as_json=as_json)


def told(report: "StudyReport", out: Path | None, *, as_json: bool) -> None:
    """Writes the page where one is asked for, prints the report and leaves with its exit code."""
    from simulations.sections.study import page

    if out is not None:
        from simulations.document.rendering import files_of
        from simulations.document.writing import require_free, write

        require_free(out)
        write(files_of(page(report)), out)
    finish(report, page, as_json=as_json)


NOT_OF_FILTERS = (
    "rounds",
    "seeds",
    "split",
    "sessions",
    "recommender",
    "reward",
    "tools",
    "user_sees_candidates",
    "run",
    "replay",
    "dataset",
    "llm",
)
"""Options of studies that an exploration does not have, or has as its own."""


@study_options(leave_out=NOT_OF_FILTERS)
def hint_filters(
    dataset: Annotated[str, typer.Option("--dataset", metavar="NAME", help="An imported data set.")],
    llm: Annotated[str, typer.Option("--llm", metavar="NAME[:MODEL]", help="offline, or openai:MODEL.")],
    run: Annotated[
        str, typer.Option("--run", metavar="NAME", help="Bases, policies and runs are called NAME-....")
    ],
    size: Annotated[int | None, typer.Option("--size", metavar="N", help="Hints of a base. (default: 20)")] = None,
    sessions: Annotated[int, typer.Option("--sessions", metavar="N", help="Sessions to train on.")] = 500,
    held_out: Annotated[
        int | None, typer.Option("--held-out", metavar="N", help="Test sessions. (default: 2000)")
    ] = None,
    out: Out = None,
    *,
    as_json: bool,
    **options: Any,
) -> None:
    """What each filter of the exploration is worth: bases and policies without it; the same command continues."""
    from simulations.commands.study_hint_filters import study_hint_filters as perform

    given: dict[str, Any] = {
        "run": run,
        "dataset": dataset,
        "llm": llm,
        "size": size,
        "sessions": sessions,
        "held_out": held_out,
    }
    told(perform(**given, **options, watch=watch()), out, as_json=as_json)
