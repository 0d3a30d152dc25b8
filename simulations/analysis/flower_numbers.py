"""Flower models in numbers: what their files hold, as far as it can be read."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from safetensors import SafetensorError, safe_open

from afl.flower.model_store import StoredModel
from afl.flower.stored_evaluation import Evaluation, GroupShares, read_evaluation

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
"""What an evaluation says, in this order."""
_ACTIVE_SECONDS = 60
"""Seconds since an unfinished training was last heard of, within which it is taken to be going on."""


@dataclass(frozen=True, slots=True)
class EvaluationNumber:
    """A number of an evaluation."""

    key: str
    label: str
    value: float
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A validation."""

    step: int
    loss: float
    """Mean training loss since the one before."""
    validation: float


@dataclass(frozen=True, slots=True)
class TrainingProgress:
    """How far a training has come."""

    finished: bool
    going_on: bool
    """Whether it was heard of within the last minute."""
    steps: int | None
    curve: tuple[CurvePoint, ...]


def subject(kept: StoredModel) -> str:
    """The data set, or the file of the target distribution."""
    return str(kept.config.get("dataset") or kept.config.get("target") or "–")


def objective(kept: StoredModel) -> str:
    """What training minimises, as the configuration has it by name or by the weight of the flow loss."""
    weights = kept.config.get("training")
    flow = weights.get("flow") if isinstance(weights, Mapping) else None
    named = "–" if flow is None else "flower" if flow else "sft"
    return str(kept.config.get("objective") or named)


def numbers(evaluation: Evaluation | None) -> tuple[EvaluationNumber, ...]:
    """Those that have a label."""
    said = {} if evaluation is None else evaluation.result
    return tuple(found for key in LABELS if (found := _number(key, said.get(key))) is not None)


def evaluated_count(evaluation: Evaluation | None) -> int | None:
    """Draws, or users."""
    said = {} if evaluation is None else evaluation.result
    found = said.get("draws", said.get("n"))
    return found if isinstance(found, int) else None


def group_shares(evaluation: Evaluation | None) -> GroupShares | None:
    """The shares of popularity groups, where it is about next items."""
    shares = None if evaluation is None else evaluation.shares
    return shares if isinstance(shares, GroupShares) else None


def training_progress(kept: StoredModel) -> TrainingProgress:
    """What the log says, or the standing of a training that has not ended."""
    if kept.log is not None:
        return TrainingProgress(True, False, _whole(kept.log.get("steps")), _curve(kept.log.get("curve")))
    try:
        heard = kept.checkpoint_file.stat().st_mtime
        with safe_open(kept.checkpoint_file, framework="numpy") as file:
            said = json.loads((file.metadata() or {})["standing"])
        return TrainingProgress(
            False, time.time() - heard < _ACTIVE_SECONDS, _whole(said.get("step")), _curve(said.get("curve"))
        )
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, AttributeError):
        return TrainingProgress(False, False, None, ())


def evaluation_of(kept: StoredModel) -> Evaluation | None:
    """Its evaluation; None where there is none."""
    return read_evaluation(kept)


def _number(key: str, said: Any) -> EvaluationNumber | None:
    ci95 = said.get("ci95") if isinstance(said, Mapping) else None
    value: Any = said.get("value") if isinstance(said, Mapping) else said
    if not _finite(value):
        return None
    both = isinstance(ci95, list) and len(ci95) == 2 and all(map(_finite, ci95))
    return EvaluationNumber(
        key, LABELS[key], float(value), (float(ci95[0]), float(ci95[1])) if both and ci95 else None
    )


def _curve(said: Any) -> tuple[CurvePoint, ...]:
    return tuple(_points(said)) if isinstance(said, list) else ()


def _points(said: list[Any]) -> Iterator[CurvePoint]:
    for point in said:
        read = [point.get(key) for key in ("step", "loss", "validation")] if isinstance(point, Mapping) else point
        if isinstance(read, list) and len(read) == 3 and all(map(_finite, read)):
            yield CurvePoint(int(read[0]), float(read[1]), float(read[2]))


def _whole(said: Any) -> int | None:
    return said if isinstance(said, int) and not isinstance(said, bool) else None


def _finite(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool) and isfinite(said)
