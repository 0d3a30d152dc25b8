"""Learns the weight of each aspect from training rows: a conditional logit with a ridge penalty."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.sessions import HISTORY_WINDOW, MIN_HISTORY
from afl.draws import derived_seed
from afl.llm.offline.knowledge import Floats, Knowledge, RawFeatures


@dataclass(frozen=True, slots=True)
class RoleWeights:
    """The weights of one role. Utilities are in logits: 1 makes a candidate e times as likely."""

    recency: float
    """An item of the history counts `recency` times as much as the one after it."""
    suggestion: float
    """Added to the candidate that a model suggests."""
    score: float
    """Added per unit by which a stated reward score exceeds the expected one."""
    refused: float
    """Subtracted from a candidate for each time it was refused."""
    wish: float
    """Added to a candidate that the user named as preferable."""
    unopened: float
    """Curiosity: added to candidates whose score is not known yet, divided by the number of refusals + 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """All weights; the same for every data set."""

    recommendation: RoleWeights
    user: RoleWeights
    expected_score: tuple[float, float]
    """Intercept and slope: the reward score expected of a candidate, from its utility standardised in the list."""
    taste: float
    """Standard deviation of the personal taste: a fixed number per history and title."""
    hint: float
    """How much one mention of an aspect adds to its weight."""
    feedback: float
    """The same for an aspect that a refusal speaks of."""
    ridge: float
    """Penalty on the squared attention while it is learned from training rows."""
    liked: float
    """The share of a random sample of items that an item must surpass to be liked without an offer."""

    @classmethod
    def load(cls) -> "Weights":
        """The weights of this version."""
        return cls.from_json(json.loads(resources.files(__package__).joinpath("weights.json").read_text("utf-8")))

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Weights":
        """Weights from their JSON form."""
        return cls(
            recommendation=RoleWeights(**values["recommendation"]),
            user=RoleWeights(**values["user"]),
            expected_score=(values["expected_score"][0], values["expected_score"][1]),
            taste=values["taste"],
            hint=values["hint"],
            feedback=values["feedback"],
            ridge=values["ridge"],
            liked=values["liked"],
        )

    @property
    def hash(self) -> str:
        """SHA-256 (hex) over all numbers."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


MAX_ROWS = 1000
LIST_SIZE = 20
STEPS = 20
"""Newton steps, none longer than 1 in any weight: far from the optimum a full one would overshoot."""


def training_examples(knowledge: Knowledge) -> list[RawFeatures]:
    """Up to 1,000 training sequences, evenly spread: the last item, the first candidate, among 19 negatives.

    A sequence's own counts are left out of its features.
    """
    training, size = knowledge.counted_sequences, len(knowledge.catalogue)
    draws = np.random.Generator(np.random.PCG64(derived_seed("offline", "attention")))
    step = max(1, len(training) // MAX_ROWS)
    lists = []
    for index in range(0, len(training), step):
        items = training.items[training.offsets[index] : training.offsets[index + 1]].astype(np.int64)
        if len(items) <= MIN_HISTORY or items[-1] in items[:-1]:
            continue
        others = np.setdiff1d(draws.integers(0, size, 4 * LIST_SIZE), items)
        others = draws.permutation(others)[: LIST_SIZE - 1]
        history = items[-1 - HISTORY_WINDOW : -1]
        lists.append((history, np.concatenate([items[-1:], others])))
    lists = [(history, candidates) for history, candidates in lists if len(candidates) == LIST_SIZE][:MAX_ROWS]
    # The target came right after its history, which gives the distances.
    return [
        knowledge.raw_features(history, candidates, own_distances=np.arange(len(history), 0, -1))
        for history, candidates in lists
    ]


def learn_attention(knowledge: Knowledge, rows: list[RawFeatures], *, recency: float, ridge: float) -> Floats:
    """(A,) weight of each aspect, in logits per standard deviation within the list, rounded to four decimals.

    Maximizes the mean log probability of the targets under a softmax over each list, minus ridge / 2 |w|^2.
    """
    weights = np.zeros(len(knowledge.aspects))
    if not rows:
        weights[:2] = 1.0  # nothing to learn from: co-occurrence alone
        return weights
    lists = np.stack([knowledge.features(row, recency=recency).aspects for row in rows])  # (R, N, A)
    for _ in range(STEPS):
        gradient, curvature = _derivatives(lists, weights, ridge)
        step = np.linalg.solve(curvature, gradient)
        weights = weights + step / max(1.0, float(np.abs(step).max()))
    return np.round(weights, 4)


def _derivatives(lists: NDArray[np.float64], weights: Floats, ridge: float) -> tuple[Floats, Floats]:
    utility = lists @ weights  # (R, N)
    probability = np.exp(utility - utility.max(axis=1, keepdims=True))
    probability /= probability.sum(axis=1, keepdims=True)
    mean = np.einsum("rn,rna->ra", probability, lists)
    gradient = (lists[:, 0] - mean).mean(axis=0) - ridge * weights
    centred = lists - mean[:, None, :]
    curvature = np.einsum("rn,rna,rnb->ab", probability, centred, centred, optimize=True) / len(lists)
    return gradient, curvature + ridge * np.eye(len(weights))
