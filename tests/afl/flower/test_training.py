"""The training loop: flows and imitation on five titles, interruption and resumption, and invalid configurations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from afl.errors import ModelError, UsageError
from afl.flower.distribution import DistributionTask, catalogue_log_probabilities, flow_task, imitation_task
from afl.flower.language_model import LanguageModel, load_pretrained
from afl.flower.training import TrainingConfig, TrainingResult, fit
from afl.ports import no_progress
from tests.afl.flower.tasks import FLOWER, SHARES, five_titles, tree_of, untrained

SFT = replace(FLOWER, sft=1.0, flow=0.0, legal=0.0, batch_size=40)
SHORT = replace(FLOWER, steps=12, validate_every=4)


def trained(
    config: TrainingConfig, *, checkpoint: Path | None = None, progress=no_progress
) -> tuple[LanguageModel, TrainingResult]:
    model = untrained()
    return model, fit(model, five_titles(model), config=config, seed=3, progress=progress, checkpoint=checkpoint)


def distance(model: LanguageModel) -> float:
    """The largest difference between a title's probability and its share."""
    shares = np.exp(catalogue_log_probabilities(model, tree_of(model), ""))
    return float(np.abs(shares - SHARES).max())


@pytest.fixture(scope="module")
def flower() -> tuple[LanguageModel, TrainingResult]:
    return trained(FLOWER)


def test_flows_bring_titles_to_their_shares(flower: tuple[LanguageModel, TrainingResult]) -> None:
    assert distance(flower[0]) < 0.01


def test_the_learning_curve_has_a_point_per_validation(flower: tuple[LanguageModel, TrainingResult]) -> None:
    result = flower[1]
    assert [point.step for point in result.curve] == [15, 30, 45, 60, 75, 90]
    assert result.validation == min(point.validation for point in result.curve)
    assert result.curve[-1].loss < result.curve[0].loss / 10
    assert result.cpu_seconds > 0


def test_imitation_brings_titles_near_their_shares() -> None:
    model = untrained()
    task = imitation_task(tree_of(model), np.array(SHARES), prompt="", sample=None, seed=0)
    fit(model, task, config=SFT, seed=3, progress=no_progress)
    assert distance(model) < 0.05


@pytest.mark.parametrize("masked", [False, True], ids=["full vocabulary", "within the tree"])
def test_on_policy_titles_train_too(masked: bool) -> None:
    before = distance(untrained())
    model, _ = trained(replace(FLOWER, on_policy=0.3, masked=masked))
    assert distance(model) < 0.15 < before


def test_imitation_and_flow_can_be_combined() -> None:
    assert distance(trained(replace(FLOWER, sft=0.01, granularity=2))[0]) < 0.1


def test_micro_batches_add_up_to_one_step() -> None:
    whole, parts = (trained(replace(SHORT, micro_batch=size))[1] for size in (0, 15))
    assert whole.curve == parts.curve


def test_a_resumed_training_ends_with_equal_weights(tmp_path: Path) -> None:
    def killed(done: int, total: int, text: str = "") -> None:
        if done == 8:
            raise KeyboardInterrupt

    checkpoint = tmp_path / "training.safetensors"
    with pytest.raises(KeyboardInterrupt):
        trained(SHORT, checkpoint=checkpoint, progress=killed)
    resumed, result = trained(SHORT, checkpoint=checkpoint)
    whole, expected = trained(SHORT)
    assert result.curve == expected.curve
    assert all(map(torch.equal, resumed.network.parameters(), whole.network.parameters()))


def test_a_damaged_checkpoint_is_one_clear_line(tmp_path: Path) -> None:
    checkpoint = tmp_path / "training.safetensors"
    checkpoint.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a checkpoint AFL can resume from"):
        trained(SHORT, checkpoint=checkpoint)


def test_another_seed_is_another_model() -> None:
    model = untrained()
    result = fit(model, five_titles(model), config=SHORT, seed=4, progress=no_progress)
    assert result.curve != trained(SHORT)[1].curve


def test_the_global_random_state_is_left_alone() -> None:
    before = torch.get_rng_state()
    trained(SHORT)
    assert torch.equal(torch.get_rng_state(), before)


class Stale(DistributionTask):
    """A task whose validation never improves."""

    def validate(self, model: LanguageModel) -> float:
        return 1.0


def test_early_stopping_starts_the_learning_rate_decay() -> None:
    model = untrained()
    task = five_titles(model)
    stale = Stale(task.tree, task.shares, "", task.training, task.validation)
    config = replace(FLOWER, steps=60, validate_every=4, patience=2)
    result = fit(model, stale, config=config, seed=1, progress=no_progress)
    assert (result.steps, result.best_step) == (24, 4)


def test_lora_trains_with_the_other_weights_frozen(tmp_path: Path) -> None:
    other = untrained()
    tree = tree_of(other)
    fit(other, flow_task(tree, np.full(5, 0.2), prompt=""), config=FLOWER, seed=1, progress=no_progress)
    other.save(tmp_path)
    model = load_pretrained(str(tmp_path), lora=4)
    frozen = {
        name: weight.clone() for name, weight in model.network.named_parameters() if not weight.requires_grad
    }
    result = fit(model, five_titles(model), config=FLOWER, seed=1, progress=no_progress)
    assert result.curve[-1].validation < result.curve[0].validation
    assert distance(model) < distance(other)
    after = dict(model.network.named_parameters())
    assert all(torch.equal(after[name], weight) for name, weight in frozen.items())


def test_lora_initialisation_does_not_depend_on_earlier_draws(tmp_path: Path) -> None:
    untrained().save(tmp_path)
    first = load_pretrained(str(tmp_path), lora=4).network.state_dict()
    second = load_pretrained(str(tmp_path), lora=4).network.state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_configuration_without_a_loss_is_refused() -> None:
    with pytest.raises(UsageError, match="are all 0"):
        trained(replace(FLOWER, flow=0.0, legal=0.0))


def test_a_loss_that_is_not_finite_stops_the_training() -> None:
    with pytest.raises(ModelError, match="lower the learning rate"):
        trained(replace(SHORT, flow=float("inf")))
