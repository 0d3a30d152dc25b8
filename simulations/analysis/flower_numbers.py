"""Numbers of Flower models, read from their files; what cannot be read is left out."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from safetensors import SafetensorError, safe_open

from afl.flower.model_store import StoredModel
from afl.flower.stored_evaluation import Evaluation, GroupShares

LABELS = {
    "js": "JS",
    "kl_result_target": "KL(result ‖ target)",
    "kl_target_result": "KL(target ‖ result)",
    "off_catalogue": "off the catalogue",
    "exact_js": "JS, exact",
    "exact_off_catalogue": "off the catalogue, exact",
    "ndcg_at_5": "NDCG@5",
    "hr_at_5": "HR@5",
    "dgu_at_10": "DGU@10",
    "mgu_at_10": "MGU@10",
    "entropy_bits": "word entropy, bits",
    "ttr": "type-token ratio",
}
"""Metrics of an evaluation, in the order shown -> label."""
_ACTIVE_SECONDS = 60
"""A training whose checkpoint is younger than this many seconds counts as running."""


@dataclass(frozen=True, slots=True)
class EvaluationNumber:
    """One metric of an evaluation."""

    key: str
    label: str
    value: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One validation during training."""

    step: int
    loss: float
    """Mean training loss since the previous validation."""
    validation: float


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """The state of a training."""

    finished: bool
    going_on: bool
    """Whether its checkpoint was written within the last minute."""
    steps: int | None
    curve: tuple[CurvePoint, ...]


def subject(model: StoredModel) -> str:
    """The data set, or the file of the target distribution."""
    return str(model.config.get("dataset") or model.config.get("target") or "–")


def objective(model: StoredModel) -> str:
    """The training objective, stated in the configuration by name or by the weight of the flow loss."""
    weights = model.config.get("training")
    flow = weights.get("flow") if isinstance(weights, Mapping) else None
    name = "–" if flow is None else "flower" if flow else "sft"
    return str(model.config.get("objective") or name)


def numbers(evaluation: Evaluation | None) -> tuple[EvaluationNumber, ...]:
    """The metrics that have a label."""
    result = {} if evaluation is None else evaluation.result
    return tuple(number for key in LABELS if (number := _number(key, result.get(key))) is not None)


def evaluated_count(evaluation: Evaluation | None) -> int | None:
    """The number of draws, or of users."""
    result = {} if evaluation is None else evaluation.result
    count = result.get("draws", result.get("n"))
    return count if isinstance(count, int) else None


def group_shares(evaluation: Evaluation | None) -> GroupShares | None:
    """The shares of popularity groups, of an evaluation on next items."""
    shares = None if evaluation is None else evaluation.shares
    return shares if isinstance(shares, GroupShares) else None


def training_progress(model: StoredModel) -> TrainingProgress:
    """The training log, or the checkpoint of a training that has not ended."""
    if model.log is not None:
        return TrainingProgress(True, False, _whole(model.log.get("steps")), _curve(model.log.get("curve")))
    try:
        written = model.checkpoint_file.stat().st_mtime
        with safe_open(model.checkpoint_file, framework="numpy") as file:
            state = json.loads((file.metadata() or {})["standing"])
        return TrainingProgress(
            False, time.time() - written < _ACTIVE_SECONDS, _whole(state.get("step")), _curve(state.get("curve"))
        )
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError):
        return TrainingProgress(False, False, None, ())


def _number(key: str, stored: Any) -> EvaluationNumber | None:
    """Stored as a number, or as `value` and `ci95`."""
    estimate: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {"value": stored}
    value: Any = estimate.get("value")
    ci95: Any = estimate.get("ci95")
    if not _is_finite(value):
        return None
    has_interval = isinstance(ci95, list) and len(ci95) == 2 and all(map(_is_finite, ci95))
    interval = (float(ci95[0]), float(ci95[1])) if has_interval else None
    return EvaluationNumber(key, LABELS[key], float(value), interval)


def _curve(stored: Any) -> tuple[CurvePoint, ...]:
    return tuple(_points(stored)) if isinstance(stored, list) else ()


def _points(stored: list[Any]) -> Iterator[CurvePoint]:
    for point in stored:
        values = (
            [point.get(key) for key in ("step", "loss", "validation")] if isinstance(point, Mapping) else point
        )
        if isinstance(values, list) and len(values) == 3 and all(map(_is_finite, values)):
            yield CurvePoint(int(values[0]), float(values[1]), float(values[2]))


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
