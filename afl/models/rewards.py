"""Reward models that `--reward NAME[:ARG]` can name."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from afl.models.context import ModelContext
from afl.models.recommenders import candidate_array
from afl.models.registry import model_for_plugin
from afl.models.scoring import TrainedModel
from afl.ports import RewardModel
from afl.types import SessionView


class TrainedReward:
    """Scores candidates by how far the model ranks them above the catalogue's average for that history.

    A score is the logit standardised over the whole catalogue: 0 is an average item, 1 one standard deviation
    better. Raw logits have no zero and no unit: they differ by a constant from history to history. Standardised
    scores can be compared across sessions and with one threshold, are meaningful to a language model, and do not
    depend on the other candidates of the list.
    """

    def __init__(self, model: TrainedModel) -> None:
        self.model = model

    @property
    def identity(self) -> str:
        """The key of the model: equal for equal scores."""
        return self.model.key

    def scores(self, views: Sequence[SessionView]) -> NDArray[np.float32]:
        """(S, N) one number per view and candidate, in the order of the candidates."""
        if not views:
            return np.empty((0, 0), dtype=np.float32)
        return self.model.standardised([view.history for view in views], candidate_array(views))


def trained_reward_model(context: ModelContext) -> RewardModel:
    """The model of the context's name, trained first if necessary; its argument is the training seed or settings."""
    return TrainedReward(model_for_plugin(context))
