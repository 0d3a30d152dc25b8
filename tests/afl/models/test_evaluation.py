from pathlib import Path

import numpy as np
import pytest

from afl.data.candidates import candidate_lists
from afl.data.dataset import Dataset, Split
from afl.data.sessions import session_rows
from afl.models.evaluation import Validation, evaluate_model
from afl.models.registry import load_or_train_entry
from afl.models.scoring import TrainedModel
from afl.models.trainer import TrainingConfig
from afl.models.training import train_model
from tests.afl.models.contract import quiet


@pytest.fixture
def half_trained(ring: Dataset, tmp_path: Path) -> TrainedModel:
    brief = TrainingConfig(epochs=2)
    return load_or_train_entry("sasrec", ring, seed=1, models_dir=tmp_path, progress=quiet, training=brief).model


def slow_hit_rate(model: TrainedModel, ring: Dataset, seeds: int) -> float:
    result = session_rows(ring, Split.TEST)
    won = []
    for seed in range(seeds):
        for row, candidates in zip(result, candidate_lists(ring, result, seed=seed).items.tolist(), strict=True):
            scores = dict(enumerate(model.score_catalogue([row.history])[0]))
            won.append(max(candidates, key=lambda item: scores[item]) == row.target)
    return sum(won) / len(won)


def test_the_hit_rate_agrees_with_a_slow_loop(ring: Dataset, half_trained: TrainedModel) -> None:
    report = evaluate_model(half_trained, ring, candidate_seeds=4)
    assert report.hit_rate_at_1.value == pytest.approx(slow_hit_rate(half_trained, ring, 4))


def test_candidate_seeds_are_not_users(ring: Dataset, half_trained: TrainedModel) -> None:
    assert evaluate_model(half_trained, ring, candidate_seeds=4).hit_rate_at_1.n == 12


def test_the_full_ranking_agrees_with_a_slow_loop(ring: Dataset, half_trained: TrainedModel) -> None:
    result = session_rows(ring, Split.TEST)
    orders = [half_trained.score_catalogue([row.history])[0].argsort()[::-1].tolist() for row in result]
    ranks = [order.index(row.target) for order, row in zip(orders, result, strict=True)]
    report = evaluate_model(half_trained, ring, candidate_seeds=1)
    assert report.hr_at_10.value == pytest.approx(sum(rank < 10 for rank in ranks) / 12)
    assert report.ndcg_at_10.value == pytest.approx(sum(1 / np.log2(r + 2) for r in ranks if r < 10) / 12)


def test_leaving_the_history_out_never_hurts(ring: Dataset, half_trained: TrainedModel) -> None:
    everything = evaluate_model(half_trained, ring, candidate_seeds=1)
    without = evaluate_model(half_trained, ring, candidate_seeds=1, exclude_history=True)
    assert without.ndcg_at_10.value >= everything.ndcg_at_10.value


def test_validation_is_what_many_candidate_lists_converge_to(ring: Dataset, half_trained: TrainedModel) -> None:
    validation = Validation(ring)
    validation.examples = [example for example in validation.examples if len(example.history) >= 7][::3]
    draws = np.random.default_rng(0)
    won = []
    for example in validation.examples * 100:
        scores = half_trained.score_catalogue([example.history])[0]
        pool = np.setdiff1d(np.arange(40), example.seen_items)
        won.append(scores[draws.choice(pool, 19, replace=False)].max() < scores[example.target])
    assert validation(half_trained.network) == pytest.approx(np.mean(won), abs=0.03)


def test_a_report_is_what_the_contract_promises(ring: Dataset, models_dir: Path) -> None:
    report = train_model("sasrec", ring, seed=1, models_dir=models_dir, progress=quiet).to_json()
    assert set(report) == {
        *("model", "dataset", "seed", "epochs", "parameters", "seconds", "cpu_seconds", "checkpoint"),
        *("hit_rate_at_1", "full_ranking"),
    }
    assert set(report["hit_rate_at_1"]) == {"value", "ci95", "n", "candidate_seeds"}
    assert set(report["full_ranking"]) == {"hr_at_10", "ndcg_at_10"}
    assert (models_dir / report["checkpoint"]).is_file()
    assert report["hit_rate_at_1"]["value"] > 0.9


def test_a_kept_model_is_reported_as_when_it_was_trained(ring: Dataset, models_dir: Path) -> None:
    first = train_model("sasrec", ring, seed=1, models_dir=models_dir, progress=quiet)
    assert train_model("sasrec", ring, seed=1, models_dir=models_dir, progress=quiet) == first
