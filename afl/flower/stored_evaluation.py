"""What `afl flower evaluate` keeps beside a model: `evaluation.json`, with what its page draws.

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
"""Of the layout."""


@dataclass(frozen=True, slots=True)
class TitleShares:
    """A target distribution, and what a model makes of it."""

    titles: tuple[str, ...]
    """(K,)"""
    target: tuple[float, ...]
    """(K,) sums to 1."""
    drawn: tuple[int, ...]
    """(K,) how often each was drawn from the model."""
    exact: tuple[float, ...] | None = None
    """(K,) the model's own probability of each."""


@dataclass(frozen=True, slots=True)
class GroupShares:
    """Of groups of equally many titles, the most popular first, the share of training histories and of what the model
    recommends."""

    history: tuple[float, ...]
    """(G,)"""
    recommended: tuple[float, ...]
    """(G,)"""

    @property
    def gaps(self) -> tuple[float, ...]:
        """(G,) recommended - history."""
        return tuple(one - other for one, other in zip(self.recommended, self.history, strict=True))


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The latest evaluation of a model."""

    result: Mapping[str, Any]
    """The object of `flower evaluate --json`."""
    settings: Mapping[str, Any]
    """What else determined it: seed, decoding."""
    shares: TitleShares | GroupShares
    """By title where a distribution was fitted, by group where the next item is recommended."""


def store_evaluation(kept: StoredModel, evaluation: Evaluation) -> None:
    """Writes it beside the model, in place of an earlier one."""
    shares = asdict(evaluation.shares)
    drawn = {"groups": shares} if isinstance(evaluation.shares, GroupShares) else shares
    said = {"version": VERSION, "result": dict(evaluation.result), "settings": dict(evaluation.settings)}
    kept.write_json(FILENAME, said | drawn)


def read_evaluation(kept: StoredModel) -> Evaluation | None:
    """The evaluation that is kept with a model; None where there is none, or its file is not what was written."""
    try:
        return _read(kept.folder / FILENAME)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _read(path: Path) -> Evaluation:
    said = json.loads(path.read_text(encoding="utf-8"))
    if said["version"] != VERSION:
        raise ValueError("another layout")
    shares = _group_shares(said["groups"]) if "groups" in said else _title_shares(said)
    return Evaluation(dict(said["result"]), dict(said["settings"]), shares)


def _title_shares(said: Mapping[str, Any]) -> TitleShares:
    titles = tuple(map(str, said["titles"]))
    exact = said["exact"]
    return TitleShares(
        titles,
        _numbers(said["target"], len(titles)),
        tuple(map(int, _numbers(said["drawn"], len(titles)))),
        None if exact is None else _numbers(exact, len(titles)),
    )


def _group_shares(said: Mapping[str, Any]) -> GroupShares:
    history = _numbers(said["history"], len(said["history"]))
    return GroupShares(history, _numbers(said["recommended"], len(history)))


def _numbers(said: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(map(float, said))
    if len(numbers) != count or not all(map(isfinite, numbers)):
        raise ValueError(f"got {len(numbers)} numbers, expected {count}, all finite")
    return numbers
