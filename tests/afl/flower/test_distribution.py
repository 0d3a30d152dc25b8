"""Task `distribution`: targets from files, unusual titles, and divergences from the target."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.errors import DataError
from afl.flower.distribution import (
    catalogue_log_probabilities,
    count_titles,
    evaluate,
    imitation_task,
    read_target,
)
from afl.flower.prefix_tree import PrefixTree
from tests.afl.flower.tasks import SHARES, five_titles, tree_of, untrained


def write_target(folder: Path, text: str) -> Path:
    path = folder / "target.json"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_title_that_occurs_twice_keeps_both_counts(tmp_path: Path) -> None:
    target = read_target(write_target(tmp_path, '{"Heat": 2, "Alien": 1.5, "Heat": 4}'))
    assert target.titles == ("Heat", "Alien", "Heat")
    tree = PrefixTree.build(target.titles, lambda text: [ord(letter) for letter in text], 0)
    assert tree.sum_by_title(target.counts).tolist() == [6, 1.5]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("nothing", "cannot be read as JSON"),
        ('["Heat"]', "expected a JSON object of titles"),
        ("{}", "expected a JSON object of titles"),
        ('{"Heat": "many"}', "'Heat' has the count 'many', expected a number"),
        ('{"Heat": -1}', "has the count -1"),
        ('{"Heat": NaN}', "has the count nan"),
        ('{"Heat": true}', "has the count True"),
        ('{"Heat": {"a": 1}}', "expected a number"),
        ('{"Heat": 0}', "every count is 0"),
    ],
)
def test_an_invalid_target_is_one_clear_line(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(DataError, match=match):
        read_target(write_target(tmp_path, text))


def test_a_missing_target_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_target(tmp_path / "nowhere.json")


@settings(max_examples=40, deadline=None)
@given(counts=st.dictionaries(st.text(max_size=8), st.integers(1, 10**6), min_size=1, max_size=8))
def test_any_titles_make_a_target(tmp_path_factory: pytest.TempPathFactory, counts: dict[str, int]) -> None:
    path = write_target(tmp_path_factory.mktemp("target"), json.dumps(counts))
    target = read_target(path)
    assert dict(zip(target.titles, target.counts, strict=True)) == counts


def test_probabilities_of_titles_are_those_of_their_tokens() -> None:
    model = untrained()
    tree = tree_of(model)
    together = catalogue_log_probabilities(model, tree, "seen: Heat")
    alone = [
        model.log_probabilities(
            model.encode_prompts(["seen: Heat"]), model.to_tensor(tree.tokens([title], padding=0))
        )
        for title in range(5)
    ]
    assert together == pytest.approx([float(steps.detach().sum()) for steps in alone], rel=1e-5)


def test_flow_matching_draws_titles_uniformly() -> None:
    task = five_titles(untrained())
    batch = task.sample_batch(np.random.default_rng(0), 5_000)
    assert np.bincount(batch.titles) / 5_000 == pytest.approx([0.2] * 5, abs=0.03)
    assert set(batch.weights) == {1.0}


def test_fresh_draws_have_the_shares_of_the_target() -> None:
    task = imitation_task(tree_of(untrained()), np.array(SHARES), prompt="", sample=None, seed=0)
    batch = task.sample_batch(np.random.default_rng(0), 5_000)
    assert np.bincount(batch.titles) / 5_000 == pytest.approx(SHARES, abs=0.03)


def test_a_fixed_sample_is_drawn_once_and_a_twentieth_validates() -> None:
    tree = tree_of(untrained())
    task, again, other = (
        imitation_task(tree, np.array(SHARES), prompt="", sample=40, seed=seed) for seed in (0, 0, 1)
    )
    assert task.training.tolist() == again.training.tolist() != other.training.tolist()
    assert (task.training * 38).round(9).tolist() == (task.training * 38).round().tolist()
    assert task.validation.tolist() == pytest.approx((task.validation * 2).round() / 2)


def test_texts_that_are_no_title_are_not_counted() -> None:
    tree = tree_of(untrained())
    assert count_titles(["Heat", "Heat ", "heat", "", "日本", "Heat"], tree).tolist() == [2, 0, 0, 1, 0]


def test_an_untrained_model_is_far_from_the_target() -> None:
    model = untrained()
    result = evaluate(model, tree_of(model), np.array(SHARES), prompt="", draws=50, seed=1)
    assert result.off_catalogue > 0.9
    assert result.exact_off_catalogue > 0.99
    assert result.exact_js > 0.01
    assert result.counts.sum() <= 5


def test_where_no_draw_is_a_title_there_is_no_divergence() -> None:
    model = untrained()
    tree = PrefixTree.build(["a title that nobody will write"], model.encode, model.end_token)
    result = evaluate(model, tree, np.ones(1), prompt="", draws=3, seed=1).to_json()
    assert (result["js"], result["kl_result_target"], result["off_catalogue"]) == (None, None, 1)
