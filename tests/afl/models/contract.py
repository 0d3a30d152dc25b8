"""What every sequential model must keep: inherit from `ModelContract` in a test file and name the model."""

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from afl.data.dataset import Dataset, Split
from afl.models.base import SequentialModel
from afl.models.checkpoints import Checkpoint, Identity, read, write
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig, fit
from afl.models.validation import Validation

HISTORIES = [[3, 4, 5], [9], [20, 21, 22, 23, 24, 25]]
BRIEF = TrainingConfig(epochs=3)


def quiet(done: int, total: int, text: str = "") -> None:
    """Progress that nobody watches."""


class ModelContract:
    model: ClassVar[type[SequentialModel]]

    @pytest.fixture
    def network(self) -> SequentialModel:
        torch.manual_seed(1)
        return self.model.from_settings({"items": 40}).eval()

    def losses(self, network: SequentialModel, ring: Dataset) -> tuple[float, ...]:
        return fit(
            network,
            ring.splits[Split.TRAIN],
            validate=Validation(ring),
            config=BRIEF,
            seed=0,
            progress=quiet,
        ).losses

    def test_its_configuration_survives_json(self, network: SequentialModel) -> None:
        settings = json.loads(json.dumps(network.settings()))
        assert self.model.from_settings(settings).settings() == network.settings()

    def test_saved_and_loaded_it_gives_equal_scores(self, network: SequentialModel, tmp_path: Path) -> None:
        identity = Identity("m", network.version, "data", network.settings(), {}, 1)
        write(Checkpoint(identity, network.state_dict(), {}), tmp_path)
        loaded = self.model.from_settings(network.settings())
        kept = read(identity, tmp_path)
        assert kept is not None
        loaded.load_state_dict(dict(kept.weights))
        expected = TrainedModel(network, key="a").score_catalogue(HISTORIES)
        assert np.array_equal(TrainedModel(loaded, key="a").score_catalogue(HISTORIES), expected)

    def test_padding_has_no_score_and_so_is_never_recommended(self, network: SequentialModel) -> None:
        assert TrainedModel(network, key="a").score_catalogue(HISTORIES).shape == (3, 40)

    def test_padding_changes_no_score(self, network: SequentialModel) -> None:
        model = TrainedModel(network, key="a")
        alone = np.concatenate([model.score_catalogue([history]) for history in HISTORIES])
        assert model.score_catalogue(HISTORIES) == pytest.approx(alone, abs=1e-5)

    def test_no_position_sees_what_comes_later(self, network: SequentialModel) -> None:
        one, other = torch.tensor([[1, 2, 3, 4, 5]]), torch.tensor([[1, 2, 3, 30, 31]])
        with torch.no_grad():
            assert torch.allclose(network.encode(one)[:, :3], network.encode(other)[:, :3], atol=1e-6)
            assert not torch.allclose(network.encode(one)[:, 3:], network.encode(other)[:, 3:], atol=1e-6)

    def test_of_a_long_history_it_sees_the_end(self, network: SequentialModel) -> None:
        long = [item % 40 for item in range(network.max_len + 7)]
        model = TrainedModel(network, key="a")
        assert np.array_equal(model.score_catalogue([long]), model.score_catalogue([long[-network.max_len :]]))

    def test_an_empty_history_has_scores(self, network: SequentialModel) -> None:
        assert np.isfinite(TrainedModel(network, key="a").score_catalogue([[]])).all()

    def test_training_lowers_the_loss(self, network: SequentialModel, ring: Dataset) -> None:
        losses = self.losses(network, ring)
        assert losses[-1] < losses[0] - 0.1

    def test_the_same_seed_gives_the_same_weights(self, ring: Dataset) -> None:
        torch.manual_seed(1)
        first = self.model.from_settings({"items": 40})
        torch.manual_seed(1)
        second = self.model.from_settings({"items": 40})
        assert self.losses(first, ring) == self.losses(second, ring)
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))

    def test_trained_it_scores_without_dropout(self, network: SequentialModel, ring: Dataset) -> None:
        self.losses(network, ring)
        model = TrainedModel(network, key="a")
        assert np.array_equal(model.score_catalogue(HISTORIES), model.score_catalogue(HISTORIES))
