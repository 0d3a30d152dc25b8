"""`afl data fetch | import | sessions | list | info | remove`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from simulations.cli.options import JSON
from simulations.cli.output import console, plain, print_json, table, watch

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetInfo

app = typer.Typer(help="Data sets: bring in, list, describe, remove.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("fetch")
def fetch_data(
    name: Annotated[str, typer.Argument(metavar="NAME", help="ml-1m, steam, amazon-2023:Video_Games, ...")],
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to; by default downloads in AFL's folder.")
    ] = None,
    mirror: Annotated[
        str | None, typer.Option("--mirror", metavar="URL", help="A copy with the same file names.")
    ] = None,
    as_json: JSON = False,
) -> None:
    """Download a public data set from its owners, check it, show its terms."""
    from simulations.commands.fetch import fetch_data as run

    fetched = run(name, to=to, mirror=mirror, watch=watch())
    if as_json:
        print_json(json.loads(json.dumps(asdict(fetched) | {"command": fetched.command}, default=str)))
        return
    shown = table("", "")
    shown.show_header = False
    for file in fetched.files:
        shown.add_row(
            file.path.name, plain(f"{file.size:,} bytes\nSHA-256 {file.sha256}\nchecked: {file.verified_by}")
        )
    for word in ("licence", "citation", "page"):
        shown.add_row(word, plain(getattr(fetched, word)))
    shown.add_row("next", plain(fetched.command))
    console().print(shown)


@app.command("import")
def import_data(
    format: Annotated[
        str, typer.Argument(metavar="FORMAT", help="demo, csv, movielens, amazon, steam, ... or a plug-in's.")
    ],
    path: Annotated[Path | None, typer.Argument(metavar="PATH", help="File or folder; none for demo.")] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call it.")] = ...,  # type: ignore[assignment]
    domain: Annotated[
        str | None, typer.Option("--domain", help="Wording: music, movie, game or item; guessed by default.")
    ] = None,
    users: Annotated[int | None, typer.Option("--users", min=10, max=100_000, help="Only demo: how many.")] = None,
    category: Annotated[
        str | None, typer.Option("--category", metavar="NAME", help="Only flower: Video_Games, CDs_and_Vinyl, ...")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a data set of this name.")] = False,
    split: Annotated[
        str | None, typer.Option("--split", metavar="A:B:C", help="Divide anew: training, validation and test.")
    ] = None,
    split_seed: Annotated[int, typer.Option("--split-seed", help="What seeds that division.")] = 0,
    as_json: JSON = False,
) -> None:
    """Import a data set and keep it under a name."""
    from simulations.commands.data import import_data as run

    info = run(
        format,
        path,
        name=name,
        domain=domain,
        users=users,
        category=category,
        replace=replace,
        split=split,
        split_seed=split_seed,
    )
    print_json(_json(info)) if as_json else _show(info)


@app.command("sessions")
def data_sessions(
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="One with timestamps.")],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the sessions.")] = ...,  # type: ignore[assignment]
    least: Annotated[int, typer.Option("--least", metavar="N", help="Items that a day must have.")] = 4,
    replace: Annotated[bool, typer.Option("--replace", help="Overwrite a data set of this name.")] = False,
    as_json: JSON = False,
) -> None:
    """Make sessions out of long sequences: what a user did on one day."""
    from simulations.commands.data import data_sessions as run

    info = run(dataset, name=name, least=least, replace=replace)
    print_json(_json(info)) if as_json else _show(info)


@app.command("list")
def list_data(as_json: JSON = False) -> None:
    """List the imported data sets."""
    from simulations.commands.data import list_data as run

    found = run()
    if as_json:
        print_json({"datasets": [_json(info) for info in found]})
        return
    numbers = ("items", "sequences", "interactions")
    shown = table("name", "format", "domain", *numbers, right=numbers)
    for info in found:
        sequences = sum(info.sequences.values())
        counts = (f"{count:,}" for count in (info.items, sequences, info.interactions))
        shown.add_row(info.name, info.format, info.domain, *counts)
    console().print(shown if found else "no data set yet; try: afl data import demo --name demo")


@app.command("info")
def data_info(name: Name, as_json: JSON = False) -> None:
    """Describe one data set."""
    from simulations.commands.data import data_info as run

    info = run(name)
    print_json(_json(info)) if as_json else _show(info)


@app.command("remove")
def remove_data(name: Name, as_json: JSON = False) -> None:
    """Forget a data set; runs over it keep what they hold."""
    from simulations.commands.data import remove_data as run

    run(name)
    if as_json:
        print_json({"removed": name})
    else:
        console().print(plain(f"removed {name}"))


def _json(info: "DatasetInfo") -> dict[str, Any]:
    return asdict(info)


def _show(info: "DatasetInfo") -> None:
    shown = table("", "")
    shown.show_header = False
    for key, value in asdict(info).items():
        shown.add_row(key.replace("_", " "), plain(_text(value)))
    console().print(shown)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(entry)}" for key, entry in value.items()) or "-"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
