"""The threshold of reward scores above which the reward arm of the user-simulation task says yes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from afl.data.candidates import candidate_lists
from afl.data.dataset import Dataset, Split
from afl.data.sessions import build_session, session_rows
from afl.ports import RewardModel

SEED = 0
"""Of the candidate lists on which the threshold is chosen; independent of the study's lists."""


class RewardThreshold(NamedTuple):
    """Scores of at least `value` mean yes."""

    value: float
    sequences: int
    """Number of validation sequences on which it was chosen."""


def reward_threshold(model: RewardModel, dataset: Dataset, *, candidates: int = 20) -> RewardThreshold | None:
    """The threshold that best separates the last items of the validation sequences from sampled negatives.

    Validation sequences were not used to train the model, and none is a test user's. Among the observed scores it
    maximises Youden's J, the share of wanted items at or above it minus that of the others, which does not depend on
    the number of others: one threshold serves all ratios, since the user agent does not know the ratio either. None
    without validation sequences.        Youden 1950, Cancer 3, 32-35
    """
    held_out = session_rows(dataset, Split.VALID)
    if not held_out:
        return None
    lists = candidate_lists(dataset, held_out, size=candidates, seed=SEED).items
    sessions = [build_session(dataset, row, items.tolist()) for row, items in zip(held_out, lists, strict=True)]
    scores = np.round(model.scores([session.view for session in sessions]), 2)  # (S, N)
    is_target = lists == np.array([row.target for row in held_out])[:, None]
    return RewardThreshold(round(youden(scores[is_target], scores[~is_target]), 2), len(held_out))


def youden(positives: ArrayLike, negatives: ArrayLike) -> float:
    """The score t with the largest share of `wanted` >= t less share of `others` >= t; of equals the lowest."""
    sorted_positives, sorted_negatives = (
        np.sort(np.asarray(positives, np.float64)),
        np.sort(np.asarray(negatives, np.float64)),
    )
    thresholds = np.unique(np.concatenate([sorted_positives, sorted_negatives]))
    gains = np.searchsorted(sorted_negatives, thresholds) / max(len(sorted_negatives), 1) - np.searchsorted(
        sorted_positives, thresholds
    ) / max(len(sorted_positives), 1)
    return float(thresholds[int(np.argmax(np.round(gains, 12)))])
