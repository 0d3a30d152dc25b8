"""`afl hints ...`: hints drawn from a model's own mistakes, and the policy that chooses among them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from simulations.cli.options import DB, JSON, Text
from simulations.cli.output import console, plain, print_json, table

if TYPE_CHECKING:
    from memory.hints import BaseRecord

app = typer.Typer(help="Hints: drawn from mistakes, kept, chosen by a policy.", no_args_is_help=True)
BaseName = Annotated[str, typer.Argument(metavar="NAME", help="A knowledge base.")]


@app.callback()
def hints() -> None:
    """Hints: drawn from mistakes, kept, chosen by a policy."""


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
    shown = table("base", "data set", "model", "hints", "tried", "run", right=("hints", "tried"))
    for base in found:
        texts = (base.name, base.dataset, base.llm, str(base.hints), str(base.trials), base.run or "-")
        shown.add_row(*map(plain, texts))
    console().print(shown if found else "no knowledge base yet; try: afl hints explore")


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
    from simulations.cli.hints_view import show

    show(record, every=every)


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


def _tell(record: "BaseRecord", *, as_json: bool) -> None:
    if as_json:
        print_json(_json(record))
    else:
        console().print(plain(f"{record.name}: {len(record.base.hints)} hints for {record.base.dataset}"))


def _json(record: "BaseRecord") -> dict[str, object]:
    from simulations.commands.hints import base_to_json

    return base_to_json(record)
