"""`afl hints ...`: hints drawn from a model's own mistakes, and the policy that chooses among them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulations.cli.hints_policy import hints_evaluate, hints_train
from simulations.cli.options import DB, JSON, Number, Text
from simulations.cli.output import console, finish, plain, print_json, show, watch
from simulations.cli.shared import study_options

if TYPE_CHECKING:
    from memory.knowledge_bases import KnowledgeBaseRecord

app = typer.Typer(help="Hints: drawn from mistakes, kept, chosen by a policy.", no_args_is_help=True)
NOT_EXPLORED = (
    "rounds",
    "engine",
    "workers",
    "address",
    "seeds",
    "split",
    "sessions",
    "recommender",
    "reward",
    "tools",
    "user_sees_candidates",
    "run",
)
"""Options of studies that an exploration does not have, or has as its own."""
BaseName = Annotated[str, typer.Argument(metavar="NAME", help="A knowledge base.")]


@app.callback()
def hints() -> None:
    """Hints: drawn from mistakes, kept, chosen by a policy."""


@app.command("explore")
@study_options(leave_out=NOT_EXPLORED)
def hints_explore(
    *,
    run: Annotated[
        str, typer.Option("--run", metavar="NAME", help="Name of run and base; the same name continues.")
    ],
    size: Annotated[Number, typer.Option("--size", help="Hints to be found. (default: 20)")] = None,
    max_sessions: Annotated[
        Number,
        typer.Option("--max-sessions", metavar="M", help="Look at no more training sessions. (default: 500)"),
    ] = None,
    top: Annotated[Number, typer.Option("--top", metavar="N", help="Length of the lists. (default: 10)")] = None,
    others: Annotated[
        Number, typer.Option("--others", metavar="N", help="Other sessions that a hint is tried on. (default: 5)")
    ] = None,
    helped: Annotated[
        Number, typer.Option("--helped", metavar="N", help="How many of them it has to help. (default: 1)")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="FILTER", help="leak, effect or redundancy; repeatable."),
    ] = None,
    skip_failed: Annotated[
        bool,
        typer.Option("--skip-failed", help="Do without calls that fail; they stop the exploration otherwise."),
    ] = False,
    as_json: JSON = False,
    **options: Any,
) -> None:
    """Look for hints in the model's own mistakes on training sessions; the same command continues."""
    from simulations.commands.hints_explore import hints_explore as perform
    from simulations.sections.hints import exploration_page

    report = perform(
        run=run,
        size=size,
        max_sessions=max_sessions,
        top=top,
        others=others,
        helped=helped,
        without=without,
        skip_failed=skip_failed,
        watch=watch(),
        **options,
    )
    finish(report, exploration_page, as_json=as_json)


app.command("train")(hints_train)
app.command("evaluate")(hints_evaluate)


@app.command("import")
def hints_import(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON list of strings, or an exported base.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the base.")],
    dataset: Annotated[Text, typer.Option("--dataset", metavar="NAME", help="The data set they are for.")] = None,
    llm: Annotated[Text, typer.Option("--llm", metavar="NAME[:ARG]", help="The model they are for.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a base of this name.")] = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Bring a file of hints in as a knowledge base."""
    from simulations.commands.hints import hints_import as perform

    _tell(perform(path, name=name, dataset=dataset, llm=llm, replace=replace, db=db), as_json=as_json)


@app.command("list")
def hints_list(db: DB = None, as_json: JSON = False) -> None:
    """List the knowledge bases in the database."""
    from simulations.commands.hints import hints_list as perform

    found = perform(db=db)
    if as_json:
        print_json({"bases": [base._asdict() for base in found]})
        return
    from simulations.sections.hints import bases_page

    show(bases_page(found))


@app.command("show")
def hints_show(
    name: BaseName,
    every: Annotated[bool, typer.Option("--all", help="Also the hints that were not taken, with why.")] = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Read the hints of a base: where each comes from and what it was seen to do."""
    from simulations.commands.hints import hints_show as perform

    record = perform(name, db=db)
    if as_json:
        print_json(_json(record))
        return
    from simulations.sections.hints import base_page

    show(base_page(record, rejected=every))


@app.command("edit")
def hints_edit(
    name: BaseName,
    number: Annotated[int | None, typer.Option("--number", metavar="N", help="The hint to change.")] = None,
    text: Annotated[Text, typer.Option("--text", help="Its new words, or (without a number) a new hint.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out.")] = False,
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Add, reword or take out a hint by hand; what was there stays with the base."""
    from simulations.commands.hints import hints_edit as perform

    _tell(perform(name, number=number, text=text, remove=remove, db=db), as_json=as_json)


@app.command("export")
def hints_export(
    name: BaseName,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="JSON.")],
    db: DB = None,
    as_json: JSON = False,
) -> None:
    """Write a base as JSON, with everything kept about it."""
    from simulations.commands.hints import hints_export as perform

    _tell(perform(name, out=out, db=db), as_json=as_json)


def _tell(record: "KnowledgeBaseRecord", *, as_json: bool) -> None:
    if as_json:
        print_json(_json(record))
    else:
        console().print(plain(f"{record.name}: {len(record.base.hints)} hints for {record.base.dataset}"))


def _json(record: "KnowledgeBaseRecord") -> dict[str, object]:
    from simulations.commands.hints import base_to_json

    return base_to_json(record)
