"""What pages read besides rows."""

import numpy as np
import pytest

from memory.codec import to_json
from memory.records import CandidateRecord
from memory.store import Store
from simulations.task.model_outputs import ModelOutputs
from simulations.viewer.data_access import DataAccess, Datasets


@pytest.mark.parametrize("scores", [None, np.array([[1.5, -0.25], [0.0, 3.07]], np.float32)])
async def test_reward_scores_are_those_that_the_run_was_begun_with(tmp_path, scores):
    outputs = ModelOutputs(None, scores)
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        lists = CandidateRecord("c0ffee", {"7": (0, 1), "8": (1, 0)})
        run = await store.begin_run("x", {}, lists, inputs=outputs.to_json())
        library = DataAccess(store, Datasets(tmp_path))
        shown = [await library.reward_scores(run, place) for place in range(3)]
    assert shown == ([(), (), ()] if scores is None else [(1.5, -0.25), (0.0, 3.07), ()])


def test_inputs_are_written_as_the_scores_are_looked_for():
    assert to_json({"scores": [[1, 2], [3, 4]]}) == b'{"scores":[[1,2],[3,4]]}'


async def test_what_takes_long_is_waited_for_as_long_as_one_has_patience(tmp_path):
    config = {"dataset": "films"}
    async with await Store.open(f"sqlite:///{tmp_path / 'afl.db'}") as store:
        hasty = DataAccess(store, Datasets(tmp_path), patience=0.0)
        patient = DataAccess(store, Datasets(tmp_path), patience=None)
        assert await hasty.popularity(config) == (None, True)
        assert await patient.popularity(config) == (None, False)
