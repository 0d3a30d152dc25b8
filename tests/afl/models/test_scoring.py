from collections.abc import Iterator

import numpy as np
import pytest
import torch

from afl.models import scoring
from afl.models.sasrec import SASRec, SASRecConfig
from afl.models.scoring import TrainedModel, score
from afl.models.threads import single_threaded
from tests.afl.models.contract import HISTORIES

CANDIDATES = np.array([[1, 5, 9], [0, 39, 2], [7, 8, 6]])


@pytest.fixture
def model() -> TrainedModel:
    torch.manual_seed(0)
    return TrainedModel(SASRec(SASRecConfig(items=40)), key="k")


def test_candidates_get_their_scores_in_the_catalogue(model: TrainedModel) -> None:
    expected = np.take_along_axis(model.score_catalogue(HISTORIES), CANDIDATES, axis=1)
    assert np.array_equal(model.scores(HISTORIES, CANDIDATES), expected)
    assert model.scores(HISTORIES, CANDIDATES).dtype == np.float32


def test_standardised_scores_have_mean_zero_and_deviation_one_over_the_catalogue(model: TrainedModel) -> None:
    everything = np.tile(np.arange(40), (3, 1))
    scores = model.standardised(HISTORIES, everything)
    assert scores.mean(axis=1) == pytest.approx(np.zeros(3), abs=1e-5)
    assert scores.std(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_how_histories_are_batched_changes_no_score(model: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    together = model.standardised(HISTORIES, CANDIDATES)
    monkeypatch.setattr(scoring, "_SCORES_PER_BATCH", 40)
    assert model.standardised(HISTORIES, CANDIDATES) == pytest.approx(together, abs=1e-5)
    assert [part for part, _ in model.chunks(HISTORIES)] == [slice(0, 1), slice(1, 2), slice(2, 3)]


def test_a_network_in_training_mode_is_refused(model: TrainedModel) -> None:
    with pytest.raises(ValueError, match="expected eval mode"):
        score(model.network.train(), HISTORIES)


def test_a_trained_model_is_always_in_eval_mode() -> None:
    network = SASRec(SASRecConfig(items=40)).train()
    assert not TrainedModel(network, key="k").network.training


@pytest.fixture
def two_threads() -> Iterator[None]:
    """However many the tests are run with."""
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("two_threads")
def test_the_number_of_threads_changes_no_digit(model: TrainedModel) -> None:
    scores = model.score_catalogue(HISTORIES)
    with single_threaded():
        assert np.array_equal(model.score_catalogue(HISTORIES), scores)
    assert torch.get_num_threads() == 2


def test_over_no_histories_there_are_no_scores(model: TrainedModel) -> None:
    assert model.score_catalogue([]).shape == (0, 40)
