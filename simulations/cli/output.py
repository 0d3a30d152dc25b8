"""How results reach people and scripts."""

import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Protocol, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from afl.sanitize import json_safe, terminal_safe
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


def finish(report: Reported, show: Callable[[Reported], None], *, as_json: bool) -> NoReturn:
    """Prints the report, for scripts or with `show` for people, and leaves with its exit code."""
    print_json(report.to_json()) if as_json else show(report)
    raise typer.Exit(report.exit_code)


def console() -> Console:
    """Where tables for people go: stdout, plain where it is not a terminal. No text is markup to it."""
    width = None if sys.stdout.isatty() else 110
    return Console(file=sys.stdout, highlight=False, markup=False, emoji=False, width=width)


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


def plain(text: object) -> Text:
    """Text from data or models, shown as it is: no markup, no control characters."""
    return Text(terminal_safe(str(text)))
