"""The requests of a run that `--cache` could answer, and why it could not answer the others."""

from collections.abc import Mapping, Sequence
from typing import Any

from afl.llm.fingerprint import describe_call
from simulations.document.formats import count, plural
from simulations.document.page import Block, Column, Page, Section, Table, Text
from simulations.execution.cache_explanation import CacheExplanation, ExplainedRequest

LISTED = 20
"""Requests listed for people; `--json` holds all."""


def page(
    explanation: CacheExplanation, *, session: str | None = None, round: int | None = None, role: str | None = None
) -> Page:
    """How many requests missed and why, with the nearest earlier request of each, or of an example per cause."""
    missed = explanation.missed
    counts = (
        f"Earlier replies could answer {count(len(explanation.requests) - len(missed))} of "
        f"{plural(len(explanation.requests), 'request')} and did answer {count(explanation.reused)}; "
        f"{count(len(missed))} miss."
    )
    title = f"Run {explanation.run}"
    if not missed:
        return Page(title, (Text(counts),))
    columns = (Column("cause"), Column("requests", count))
    causes = Table.of("", columns, list(explanation.causes.items()))
    selected = (session, round, role) != (None, None, None)
    shown = (missed if selected else explanation.examples)[:LISTED]
    more = len(missed) > len(shown)
    sections = [
        Section("Misses by cause", (causes,)),
        Section("Missed requests" if selected else "An example of each cause", tuple(_requests(shown, more=more))),
        *(_configuration(run, keys) for run, keys in explanation.configuration.items() if keys),
    ]
    return Page(title, (Text(counts),), tuple(sections))


def _requests(requests: Sequence[ExplainedRequest], *, more: bool) -> list[Block]:
    blocks: list[Block] = [Text("\n".join(_lines(request))) for request in requests]
    note = Text("--session, --round and --role select requests; --json has all.", "note")
    return [*blocks, note] if more else blocks


def _lines(request: ExplainedRequest) -> list[str]:
    if request.nearest is None:
        return [f"{describe_call(request.key)}: {request.cause}"]
    nearest = request.nearest
    differences = nearest.differences or (request.cause,)
    return [
        f"{describe_call(request.key)}; nearest: run {nearest.run}, {describe_call(nearest.key)}",
        *(f"  {difference}" for difference in differences),
    ]


def _configuration(run: str, keys: Mapping[str, tuple[Any, Any]]) -> Section:
    columns = (Column("key"), Column("then"), Column("now"))
    rows = [(key, *values) for key, values in keys.items()]
    return Section(f"Configuration of run {run}, where it differs", (Table.of("", columns, rows),))
