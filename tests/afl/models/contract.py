"""What every base model must keep: inherit from a contract in a test file and name the model."""

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

from afl.data.dataset import Dataset, Sequences, Split
from afl.models.base import CountingModel, NextItemModel, SequentialModel
from afl.models.checkpoints import Checkpoint, Identity, read, write
from afl.models.evaluation import Validation
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig, fit

HISTORIES = [[3, 4, 5], [9], [20, 21, 22, 23, 24, 25]]
BRIEF = TrainingConfig(epochs=3)


def quiet(done: int, total: int, text: str = "") -> None:
    """Progress that nobody watches."""


class RankingContract:
    """Of whatever scores what could come next."""

    model: ClassVar[type[NextItemModel]]

    @pytest.fixture
    def network(self, ring: Dataset) -> NextItemModel:
        torch.manual_seed(1)
        return self.model.untrained(ring).eval()

    def test_its_configuration_survives_json(self, network: NextItemModel) -> None:
        settings = json.loads(json.dumps(network.settings()))
        assert self.model.from_settings(settings).settings() == network.settings()

    def test_saved_and_loaded_it_gives_equal_scores(self, network: NextItemModel, tmp_path: Path) -> None:
        identity = Identity("m", network.version, "data", network.settings(), {}, 1)
        write(Checkpoint(identity, network.state_dict(), {}), tmp_path)
        loaded = self.model.from_settings(network.settings())
        kept = read(identity, tmp_path)
        assert kept is not None
        loaded.load_state_dict(dict(kept.weights))
        expected = TrainedModel(network, key="a").score_catalogue(HISTORIES)
        assert np.array_equal(TrainedModel(loaded, key="a").score_catalogue(HISTORIES), expected)

    def test_padding_has_no_score_and_so_is_never_recommended(self, network: NextItemModel) -> None:
        assert TrainedModel(network, key="a").score_catalogue(HISTORIES).shape == (3, 40)

    def test_padding_changes_no_score(self, network: NextItemModel) -> None:
        model = TrainedModel(network, key="a")
        alone = np.concatenate([model.score_catalogue([history]) for history in HISTORIES])
        assert model.score_catalogue(HISTORIES) == pytest.approx(alone, abs=1e-5)

    def test_of_a_long_history_it_sees_the_end(self, network: NextItemModel) -> None:
        long = [item % 40 for item in range(network.max_len + 7)]
        model = TrainedModel(network, key="a")
        assert np.array_equal(model.score_catalogue([long]), model.score_catalogue([long[-network.max_len :]]))

    def test_an_empty_history_has_scores(self, network: NextItemModel) -> None:
        assert np.isfinite(TrainedModel(network, key="a").score_catalogue([[]])).all()


class CountingContract(RankingContract):
    """Of models that count."""

    model: ClassVar[type[NextItemModel]]

    @pytest.fixture
    def network(self, ring: Dataset) -> NextItemModel:
        model = self.model.untrained(ring).eval()
        assert isinstance(model, CountingModel)
        model.count(ring.splits[Split.TRAIN])
        return model

    def test_counting_again_changes_nothing(self, network: NextItemModel, ring: Dataset) -> None:
        assert isinstance(network, CountingModel)
        before = TrainedModel(network, key="a").score_catalogue(HISTORIES)
        network.count(ring.splits[Split.TRAIN])
        assert np.array_equal(TrainedModel(network, key="a").score_catalogue(HISTORIES), before)

    def test_nothing_counted_it_tells_no_item_apart(self, network: NextItemModel) -> None:
        assert isinstance(network, CountingModel)
        network.count(Sequences.of([]))
        assert not TrainedModel(network, key="a").score_catalogue(HISTORIES).any()


class ModelContract(RankingContract):
    """Of networks that read a sequence position by position."""

    model: ClassVar[type[NextItemModel]]

    @pytest.fixture
    def network(self, ring: Dataset) -> SequentialModel:
        return self.sequential(ring).eval()

    def sequential(self, ring: Dataset) -> SequentialModel:
        torch.manual_seed(1)
        made = self.model.untrained(ring)
        assert isinstance(made, SequentialModel)
        return made

    def losses(self, network: SequentialModel, ring: Dataset) -> tuple[float, ...]:
        return fit(
            network,
            ring.splits[Split.TRAIN],
            validate=Validation(ring),
            config=BRIEF,
            seed=0,
            progress=quiet,
        ).losses

    def test_no_position_sees_what_comes_later(self, network: SequentialModel) -> None:
        one, other = torch.tensor([[1, 2, 3, 4, 5]]), torch.tensor([[1, 2, 3, 30, 31]])
        with torch.no_grad():
            assert torch.allclose(network.encode(one)[:, :3], network.encode(other)[:, :3], atol=1e-6)
            assert not torch.allclose(network.encode(one)[:, 3:], network.encode(other)[:, 3:], atol=1e-6)

    def test_training_lowers_the_loss(self, network: SequentialModel, ring: Dataset) -> None:
        losses = self.losses(network, ring)
        assert losses[-1] < losses[0] - 0.1

    def test_the_same_seed_gives_the_same_weights(self, ring: Dataset) -> None:
        first, second = self.sequential(ring), self.sequential(ring)
        assert self.losses(first, ring) == self.losses(second, ring)
        assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))

    def test_trained_it_scores_without_dropout(self, network: SequentialModel, ring: Dataset) -> None:
        self.losses(network, ring)
        model = TrainedModel(network, key="a")
        assert np.array_equal(model.score_catalogue(HISTORIES), model.score_catalogue(HISTORIES))

    def test_padding_is_no_part_of_the_loss(self, network: SequentialModel) -> None:
        with torch.no_grad():
            padded, alone = (network.loss(torch.tensor([items])) for items in ([1, 2, 3, 40, 40], [1, 2, 3]))
        assert float(padded) == pytest.approx(float(alone), rel=1e-5)
