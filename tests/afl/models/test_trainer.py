from collections import Counter

import numpy as np
import pytest
import torch

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.errors import ModelError
from afl.models.sasrec import SASRec, SASRecConfig
from afl.models.trainer import TrainingConfig, batches, fit, windows
from tests.afl.models.contract import quiet

LONG = Sequences.of([Sequence("a", tuple(range(100, 123))), Sequence("b", (7,)), Sequence("c", (1, 2, 3))])
SHORT = Sequences.of([Sequence(str(user), (user, user + 1)) for user in range(15)])


def network(items: int = 40, **settings: int | float) -> SASRec:
    torch.manual_seed(0)
    return SASRec(SASRecConfig(items=items, **settings))  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
def test_every_item_but_the_first_is_a_target_exactly_once(seed: int) -> None:
    begins, ends = windows(LONG, 5, np.random.default_rng(seed))
    targets = Counter(place for b, e in zip(begins, ends, strict=True) for place in range(b + 1, e))
    assert targets == Counter([*range(1, 23), 25, 26])


def test_no_window_is_longer_than_the_model_reads() -> None:
    begins, ends = windows(LONG, 5, np.random.default_rng(0))
    assert (ends - begins).max() == 6


def test_deviation_4_the_cuts_of_a_long_sequence_move_from_epoch_to_epoch() -> None:
    draws = np.random.default_rng(0)
    assert len({tuple(windows(LONG, 5, draws)[0]) for _ in range(20)}) > 2


def test_a_batch_is_padded_on_the_right() -> None:
    model = network(items=200, max_len=30)
    (batch,) = batches(LONG, model, TrainingConfig(), np.random.default_rng(0))
    short = batch[batch[:, 0] == 1][0]
    assert short.tolist() == [1, 2, 3] + [200] * (batch.shape[1] - 3)


def test_a_large_epoch_is_cut_short() -> None:
    config = TrainingConfig(windows_at_most=2, batch_size=1)
    drawn = batches(LONG, network(items=200, max_len=5), config, np.random.default_rng(0))
    assert sum(len(batch) for batch in drawn) == 2


def test_a_small_data_set_learns_in_small_batches() -> None:
    config = TrainingConfig(batch_size=10, steps_at_least=3)
    sizes = [len(batch) for batch in batches(SHORT, network(), config, np.random.default_rng(0))]
    assert sizes == [5, 5, 5]


def test_the_learning_rate_falls_in_equal_steps() -> None:
    config = TrainingConfig(epochs=4, learning_rate=0.4)
    assert [config.rate(epoch) for epoch in (1, 2, 3, 4)] == pytest.approx([0.4, 0.3, 0.2, 0.1])


def test_training_stops_when_validation_no_longer_improves_and_keeps_the_best(ring: Dataset) -> None:
    scores = iter([0.1, 0.3, 0.2, 0.2, 0.9])
    config = TrainingConfig(epochs=5, patience=2)
    result = fit(
        network(), ring.splits[Split.TRAIN], validate=lambda _: next(scores), config=config, seed=0, progress=quiet
    )
    assert (result.epochs, result.best_epoch, result.validation) == (4, 2, 0.3)


def test_progress_is_told_after_every_epoch(ring: Dataset) -> None:
    told: list[tuple[int, int]] = []
    fit(
        network(),
        ring.splits[Split.TRAIN],
        validate=lambda _: 0.5,
        config=TrainingConfig(epochs=2),
        seed=0,
        progress=lambda done, total, text="": told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]


def test_training_leaves_the_global_random_state_alone(ring: Dataset) -> None:
    model, before = network(), torch.random.get_rng_state()
    config = TrainingConfig(epochs=1)
    fit(model, ring.splits[Split.TRAIN], validate=lambda _: 0.5, config=config, seed=0, progress=quiet)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loss_that_is_no_number_ends_training(ring: Dataset) -> None:
    config = TrainingConfig(epochs=3, learning_rate=1e30)
    with pytest.raises(ModelError, match=r"the loss is (nan|inf) in epoch"):
        fit(network(), ring.splits[Split.TRAIN], validate=lambda _: 0.5, config=config, seed=0, progress=quiet)


def test_deviation_5_what_is_kept_is_a_running_average_of_the_weights(ring: Dataset) -> None:
    kept = []
    for averaging in (0.0, 1.0):
        model = network()
        config = TrainingConfig(epochs=1, averaging=averaging)
        fit(model, ring.splits[Split.TRAIN], validate=lambda _: 0.5, config=config, seed=0, progress=quiet)
        kept.append(model.position.weight)
    start = network().position.weight
    assert not torch.equal(kept[0], start)
    assert torch.equal(kept[1], start)
