"""What the paper reports, and which arm of ours each number belongs to."""

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
    """A number as the paper prints it."""

    value: float
    n: int
    """Users it is over."""
    hits: int | None = None
    """What of n the value is, for hit rates; None for means."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell of a table, or one point of a figure."""

    row: str
    column: str
    arm: Mapping[str, Any]
    """Which of our results it belongs to: `study`, `arm`, and whatever else tells it from the others."""
    asks_language_model: bool
    published: Published | None
    """None where the paper shows it in a picture alone."""
    language_model: str | None = None
    """Pattern of the names of the language model that the row is about; None for rows that are about none."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What the paper says about its numbers, as a sum over arms that is above 0 where it holds."""

    claim: str
    place: str
    """Where the paper says it."""
    contrast: tuple[tuple[float, Mapping[str, Any]], ...]
    """(weight, arm): the sum is taken user by user."""
    at_least: bool = False
    """Whether the claim also holds where the sum is 0."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A table or figure of the paper for one data set."""

    target: str
    title: str
    source: str
    metric: str
    """What its numbers are."""
    studies: Mapping[str, Mapping[str, Any]]
    """The studies that give our numbers: name -> options, as published."""
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]

    @classmethod
    def of(cls, target: str, dataset: str) -> Self:
        """The manifest as packaged. Raises `UsageError` where the paper has nothing about this data set."""
        kept = _read(target)
        rows = tuple(
            _row(row, dataset) for row in kept["rows"] if dataset in row.get("published", {dataset: None})
        )
        if not rows or dataset not in kept["datasets"]:
            known = ", ".join(kept["datasets"])
            raise UsageError(f"--dataset: got {dataset!r}, but {kept['source']} is about: {known}")
        return cls(
            target=target,
            title=kept["title"],
            source=kept["source"],
            metric=kept["metric"],
            studies=kept["studies"],
            notes=tuple(kept.get("notes", ())),
            rows=rows,
            claims=tuple(_claim(claim) for claim in kept.get("claims", ())),
        )


def datasets_of(target: str) -> tuple[str, ...]:
    """The data sets that the manifest of a target has numbers or claims about."""
    return tuple(_read(target)["datasets"])


@dataclass(frozen=True, slots=True)
class PublishedData:
    """The data a published number is over."""

    items: int
    hash: str | None
    """Of the data set as imported here; None where it has not been at hand."""
    user_simulation: str | None
    """Name of the data set with the authors' users for the user-simulation task."""
    user_simulation_hash: str | None


def published_data(dataset: str) -> PublishedData:
    """What the data set of this name has to be. Raises `UsageError` for one the paper does not use."""
    kept = _read("data")
    if dataset not in kept:
        raise UsageError(f"--dataset: got {dataset!r}, but the paper is about: {', '.join(kept)}")
    return PublishedData(**kept[dataset])


def _read(name: str) -> Any:
    return json.loads(resources.files(_FOLDER).joinpath(f"{name}.json").read_text(encoding="utf-8"))


def _row(kept: Mapping[str, Any], dataset: str) -> Row:
    published = kept.get("published", {}).get(dataset)
    return Row(
        row=kept["row"],
        column=kept["column"],
        arm=kept["arm"],
        asks_language_model=kept["asks_language_model"],
        published=None if published is None else Published(**published),
        language_model=kept.get("language_model"),
    )


def _claim(kept: Mapping[str, Any]) -> Claim:
    return Claim(
        kept["claim"],
        kept["place"],
        tuple((weight, arm) for weight, arm in kept["contrast"]),
        kept.get("at_least", False),
    )
