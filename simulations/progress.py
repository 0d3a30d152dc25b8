"""Progress of long work, on stderr: for people, never for scripts."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from afl.sanitize import terminal_safe

if TYPE_CHECKING:  # numpy comes with it, and every command would pay
    from afl import ports


def silent(done: int, total: int, text: str = "") -> None:
    """Shows nothing: the default of every public function."""


@dataclass
class Watch:
    """Opens a progress bar per piece of work; the command line passes one, scripts pass none."""

    console: Console

    def say(self, line: str) -> None:
        """A line for people, above the bar."""
        self.console.print(Text(f"afl: {terminal_safe(line)}"), soft_wrap=True)

    @contextmanager
    def bar(self, label: str) -> Iterator["ports.Progress"]:
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[text]}", style="dim", markup=False),
            TimeRemainingColumn(compact=True),
        )
        progress = Progress(*columns, console=self.console, refresh_per_second=4)
        task = progress.add_task(terminal_safe(label), total=None, text="")

        def update(done: int, total: int, text: str = "") -> None:
            # Only now: a mistake found before the work began is one line, without a bar.
            progress.start()
            progress.update(task, completed=done, total=total, text=terminal_safe(text))

        try:
            yield update
        finally:
            if progress.live.is_started:
                progress.stop()


class Unwatched:
    """Shows nothing, for scripts."""

    def say(self, line: str) -> None: ...

    @contextmanager
    def bar(self, label: str) -> Iterator["ports.Progress"]:
        yield silent


class Watching(Protocol):
    """What a command needs to show progress."""

    def say(self, line: str) -> None: ...

    def bar(self, label: str) -> "AbstractContextManager[ports.Progress]": ...


def on_stderr() -> Watch:
    """Progress on stderr, in colours where the terminal has them."""
    return Watch(Console(file=sys.stderr, markup=False, emoji=False))
