"""What the runs asked of the language model, over all their continuations."""

from collections.abc import Sequence

from simulations.reporting.material import Recorded
from simulations.reporting.numbers import dollars
from simulations.reporting.page import Section, Table

_COLUMNS = ("run", "calls", "a session", "prompt tokens", "completion tokens", "retries", "cost")


def section(runs: Sequence[Recorded]) -> Section:
    rows = [
        [
            run.label,
            f"{run.calls.calls:,}",
            f"{run.calls.calls / len(run.records):.1f}" if run.records else "–",
            f"{run.calls.prompt_tokens:,}",
            f"{run.calls.completion_tokens:,}",
            f"{run.calls.retries:,}",
            dollars(run.calls.cost_usd),
        ]
        for run in runs
    ]
    return Section("Cost", (Table.of("Language-model calls", _COLUMNS, rows, numbers=_COLUMNS[1:]),))
