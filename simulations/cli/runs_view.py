"""The runs of a database, and what was exported, for people."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simulations.cli.output import console, plain

if TYPE_CHECKING:
    from memory.records import RunSummary
    from simulations.commands.export import Exported


def to_json(summaries: "Sequence[RunSummary]") -> dict[str, Any]:
    """The object of `runs --json`."""
    return {"runs": [asdict(summary) for summary in summaries]}


def show_export(exported: "Exported") -> None:
    """Prints what was written where."""
    console().print(plain(f"{exported.lines:,} lines of run {exported.run} in {exported.out}"))


def export_json(exported: "Exported") -> dict[str, Any]:
    """The object of `export --json`."""
    return exported._asdict()
