"""Where a reward model's score stops meaning no: the threshold of the reward arm in the user-simulation task."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from afl.data.candidates import candidate_lists
from afl.data.dataset import Dataset, Split
from afl.data.sessions import build_session, session_rows
from afl.ports import RewardModel

SEED = 0
"""Of the lists the threshold is chosen on; the study's own lists have no part in it."""


class RewardThreshold(NamedTuple):
    """Scores from `value` up mean yes."""

    value: float
    sequences: int
    """Held-out training sequences it was chosen on."""


def reward_threshold(model: RewardModel, dataset: Dataset, *, candidates: int = 20) -> RewardThreshold | None:
    """The threshold that tells the last items of the validation sequences best from items never touched.

    These sequences belong to the training data and were kept from the model; none is a test user's. Among the scores
    met it maximises Youden's J, the share of wanted items at or above it less the share of others there, which
    does not depend on how many others there are: one threshold for all ratios, as the user agent is not told the
    ratio either. None without validation sequences.        Youden 1950, Cancer 3, 32-35
    """
    held_out = session_rows(dataset, Split.VALID)
    if not held_out:
        return None
    lists = candidate_lists(dataset, held_out, size=candidates, seed=SEED).items
    sessions = [build_session(dataset, row, items.tolist()) for row, items in zip(held_out, lists, strict=True)]
    scores = np.round(model.scores([one.view for one in sessions]), 2)  # (S, N)
    wanted = lists == np.array([row.target for row in held_out])[:, None]
    return RewardThreshold(round(youden(scores[wanted], scores[~wanted]), 2), len(held_out))


def youden(wanted: ArrayLike, others: ArrayLike) -> float:
    """The score t with the largest share of `wanted` >= t less share of `others` >= t; of equals the lowest."""
    yes, no = np.sort(np.asarray(wanted, np.float64)), np.sort(np.asarray(others, np.float64))
    tried = np.unique(np.concatenate([yes, no]))
    gained = np.searchsorted(no, tried) / max(len(no), 1) - np.searchsorted(yes, tried) / max(len(yes), 1)
    return float(tried[int(np.argmax(np.round(gained, 12)))])
