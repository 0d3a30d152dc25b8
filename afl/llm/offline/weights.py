"""The few numbers of the offline model, tuned on validation rows alone: docs/algorithms/offline-model.md."""

import hashlib
import json
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any


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
