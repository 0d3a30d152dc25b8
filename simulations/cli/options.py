"""Options that several commands share, each declared once."""

from typing import Annotated

import typer

JSON = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, all else on stderr.")]
DB = Annotated[
    str | None,
    typer.Option("--db", metavar="URL", help="The database; AFL_DB, or a SQLite file under AFL_HOME, by default."),
]
Dataset = Annotated[str, typer.Option("--dataset", metavar="NAME", help="An imported data set.")]
