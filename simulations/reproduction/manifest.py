"""The numbers and claims of the paper, and the arm of ours that each belongs to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Self

from afl.errors import UsageError

TARGETS = ("table4", "table5", "table6", "table7", "figure4", "figure5", "figure6")
"""In the order of the paper; each has a manifest."""

_FOLDER = "simulations.reproduction.manifests"


@dataclass(frozen=True, slots=True)
class Published:
    """A number as printed in the paper."""

    value: float
    n: int
    """Number of users."""
    hits: int | None = None
    """For a hit rate, the number of hits among n; None for means."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of a table, or one point of a figure."""

    row: str
    column: str
    arm: Mapping[str, Any]
    """The key of our result: `study`, `arm`, and further keys where these are not unique."""
    asks_language_model: bool
    published: Published | None
    """None where the paper has it in a figure only."""
    language_model: str | None = None
    """Pattern of the name of the language model that the row is about; None for rows about no particular one."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim of the paper about its numbers, as a weighted sum over arms that is above 0 if the claim holds."""

    claim: str
    place: str
    """Where in the paper the claim is made."""
    contrast: tuple[tuple[float, Mapping[str, Any]], ...]
    """(weight, arm): summed per user."""
    at_least: bool = False
    """Whether the claim also holds where the sum is 0."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A table or figure of the paper for one data set."""

    target: str
    title: str
    source: str
    metric: str
    """The metric of its numbers."""
    studies: Mapping[str, Mapping[str, Any]]
    """The studies behind our numbers: name -> options, as published."""
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]

    @classmethod
    def of(cls, target: str, dataset: str) -> Self:
        """The manifest as packaged. Raises `UsageError` where the paper has nothing about this data set."""
        content = _read(target)
        rows = tuple(
            _row(row, dataset) for row in content["rows"] if dataset in row.get("published", {dataset: None})
        )
        if not rows or dataset not in content["datasets"]:
            datasets = ", ".join(content["datasets"])
            raise UsageError(f"--dataset: got {dataset!r}, but {content['source']} is about: {datasets}")
        return cls(
            target=target,
            title=content["title"],
            source=content["source"],
            metric=content["metric"],
            studies=content["studies"],
            notes=tuple(content.get("notes", ())),
            rows=rows,
            claims=tuple(_claim(claim) for claim in content.get("claims", ())),
        )


def datasets_of(target: str) -> tuple[str, ...]:
    """The data sets that the manifest of a target has numbers or claims about."""
    return tuple(_read(target)["datasets"])


@dataclass(frozen=True, slots=True)
class PublishedData:
    """The data behind the published numbers."""

    items: int
    hash: str | None
    """Hash of the imported data set; None where the data were not available."""
    user_simulation: str | None
    """Name of the data set with the authors' users for the user-simulation task."""
    user_simulation_hash: str | None


def published_data(dataset: str) -> PublishedData:
    """The data behind the published numbers for this data set. Raises `UsageError` for one the paper does not use."""
    datasets = _read("data")
    if dataset not in datasets:
        raise UsageError(f"--dataset: got {dataset!r}, but the paper is about: {', '.join(datasets)}")
    return PublishedData(**datasets[dataset])


def _read(name: str) -> Any:
    return json.loads(resources.files(_FOLDER).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def _row(entry: Mapping[str, Any], dataset: str) -> Row:
    published = entry.get("published", {}).get(dataset)
    return Row(
        row=entry["row"],
        column=entry["column"],
        arm=entry["arm"],
        asks_language_model=entry["asks_language_model"],
        published=None if published is None else Published(**published),
        language_model=entry.get("language_model"),
    )


def _claim(entry: Mapping[str, Any]) -> Claim:
    return Claim(
        entry["claim"],
        entry["place"],
        tuple((weight, arm) for weight, arm in entry["contrast"]),
        entry.get("at_least", False),
    )
