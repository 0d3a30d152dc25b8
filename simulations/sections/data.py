"""Data sets of the library: one in detail, or all in a table."""

from collections.abc import Sequence
from dataclasses import asdict

from afl.data.dataset_store import DatasetInfo
from simulations.document.formats import count
from simulations.document.page import Column, Facts, Page, Section, Table, Text

_DATASETS = (
    Column("name"),
    Column("format"),
    Column("domain"),
    Column("items", count),
    Column("sequences", count),
    Column("interactions", count),
)


def page(info: DatasetInfo) -> Page:
    """All properties of a data set."""
    facts = tuple((key.replace("_", " "), _text(value)) for key, value in asdict(info).items())
    return Page("", (), (Section("", (Facts(facts),)),))


def list_page(infos: Sequence[DatasetInfo]) -> Page:
    """A data set per row."""
    if not infos:
        return Page("", (Text("No data set yet; try: afl data import demo --name demo"),))
    rows = [
        [info.name, info.format, info.domain, info.items, sum(info.sequences.values()), info.interactions]
        for info in infos
    ]
    return Page("", (), (Section("", (Table.of("", _DATASETS, rows),)),))


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(entry)}" for key, entry in value.items()) or "–"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "–"
    return count(value) if isinstance(value, int) else str(value)
