"""The last evaluation of a Flower model, in the model's `evaluation.json`: results and the shares that charts show.

K titles of a catalogue, G groups of titles.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from afl.flower.model_store import StoredModel

FILENAME = "evaluation.json"
VERSION = 1
"""Version of the layout."""


@dataclass(frozen=True, slots=True)
class TitleShares:
    """A target distribution and how a model reproduces it."""

    titles: tuple[str, ...]
    """(K,)"""
    target: tuple[float, ...]
    """(K,) sums to 1."""
    drawn: tuple[int, ...]
    """(K,) how often each title was drawn from the model."""
    exact: tuple[float, ...] | None = None
    """(K,) the model's probability of each title."""


@dataclass(frozen=True, slots=True)
class GroupShares:
    """Shares of equally large groups of titles in training histories and in recommendations, most popular first."""

    history: tuple[float, ...]
    """(G,)"""
    recommended: tuple[float, ...]
    """(G,)"""

    @property
    def gaps(self) -> tuple[float, ...]:
        """(G,) recommended - history."""
        return tuple(share - before for share, before in zip(self.recommended, self.history, strict=True))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The latest evaluation of a model."""

    result: Mapping[str, Any]
    """The object of `flower evaluate --json`."""
    settings: Mapping[str, Any]
    """Whatever else determined it: seed, decoding."""
    shares: TitleShares | GroupShares
    """Per title for a distribution, per group of titles for next items."""


def store_evaluation(stored: StoredModel, evaluation: Evaluation) -> None:
    """Writes the evaluation into the model's folder, over an earlier one."""
    shares = asdict(evaluation.shares)
    record = {"version": VERSION, "result": dict(evaluation.result), "settings": dict(evaluation.settings)}
    stored.write_json(
        FILENAME, record | ({"groups": shares} if isinstance(evaluation.shares, GroupShares) else shares)
    )


def read_evaluation(stored: StoredModel) -> Evaluation | None:
    """The stored evaluation of a model; None where there is none, or its file is damaged."""
    try:
        return _read(stored.folder / FILENAME)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(path: Path) -> Evaluation:
    record = json.loads(path.read_text(encoding="utf-8"))
    if record["version"] != VERSION:
        raise ValueError(f"layout {record['version']}, expected {VERSION}")
    shares = _group_shares(record["groups"]) if "groups" in record else _title_shares(record)
    return Evaluation(dict(record["result"]), dict(record["settings"]), shares)


def _title_shares(record: Mapping[str, Any]) -> TitleShares:
    titles = tuple(map(str, record["titles"]))
    exact = record["exact"]
    return TitleShares(
        titles,
        _finite_numbers(record["target"], len(titles)),
        tuple(map(int, _finite_numbers(record["drawn"], len(titles)))),
        None if exact is None else _finite_numbers(exact, len(titles)),
    )


def _group_shares(record: Mapping[str, Any]) -> GroupShares:
    history = _finite_numbers(record["history"], len(record["history"]))
    return GroupShares(history, _finite_numbers(record["recommended"], len(history)))


def _finite_numbers(values: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(map(float, values))
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(f"got {len(numbers)} numbers, expected {count}, all finite")
    return numbers
