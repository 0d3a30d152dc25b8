from pathlib import Path

import numpy as np
import pytest

from afl.data.dataset import Dataset, Split
from afl.data.sessions import build_session, session_rows
from afl.models.context import ModelContext
from afl.models.rewards import trained_reward_model
from tests.afl.models.contract import quiet


def test_a_reward_is_the_score_in_deviations_above_the_catalogues_mean(ring: Dataset, models_dir: Path) -> None:
    reward = trained_reward_model(ModelContext("sasrec", "1", ring, models_dir, 2, quiet))
    row = session_rows(ring, Split.TEST)[0]
    scores = reward.scores([build_session(ring, row, range(40)).view])
    assert scores.shape == (1, 40)
    assert scores.dtype == np.float32
    assert (scores.mean(), scores.std()) == pytest.approx((0, 1), abs=1e-5)
    assert scores[0, row.target] > 1


def test_a_score_does_not_depend_on_the_other_candidates(ring: Dataset, models_dir: Path) -> None:
    reward = trained_reward_model(ModelContext("sasrec", "1", ring, models_dir, 2, quiet))
    row = session_rows(ring, Split.TEST)[0]
    one = reward.scores([build_session(ring, row, [5, 6, 7]).view])
    other = reward.scores([build_session(ring, row, [30, 6, 31]).view])
    assert one[0, 1] == other[0, 1]
