"""How results reach people and scripts."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

import typer
from rich.table import Table

from afl.sanitize import json_safe
from simulations.document.page import Page
from simulations.document.terminal import console as console
from simulations.document.terminal import plain as plain
from simulations.document.terminal import show as show
from simulations.progress import Watch, on_stderr


def print_json(result: Mapping[str, Any]) -> None:
    """The one JSON object of a command, on one line of stdout."""
    sys.stdout.write(json_safe(json.dumps(result, ensure_ascii=False, allow_nan=False)) + "\n")


class Report(Protocol):
    """What a command that can fall short returns."""

    @property
    def exit_code(self) -> int: ...

    def to_json(self) -> Mapping[str, Any]: ...


Reported = TypeVar("Reported", bound=Report)


def finish(report: Reported, present: Callable[[Reported], Page | None], *, as_json: bool) -> NoReturn:
    """Prints the report, as JSON or as `present` has it, and leaves with its exit code.

    `present` gives a page, or prints by itself.
    """
    if as_json:
        print_json(report.to_json())
    elif (page := present(report)) is not None:
        show(page)
    raise typer.Exit(report.exit_code)


def watch() -> Watch:
    """Progress for people, on stderr."""
    return on_stderr()


def table(*columns: str, right: tuple[str, ...] = (), title: str | None = None) -> Table:
    """An empty table; the columns named in `right` hold numbers."""
    made = Table(
        title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0)
    )
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made
