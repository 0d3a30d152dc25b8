import numpy as np
import pytest

from afl.flower.guidance import guidance_log_probabilities, title_probabilities
from afl.flower.prefix_tree import PrefixTree


def test_items_of_one_title_share_its_probability(tree: PrefixTree) -> None:
    found = title_probabilities(tree, np.zeros((2, 10)))
    np.testing.assert_allclose(found[0], [0.2, *[0.1] * 8])


def test_logits_may_be_large(tree: PrefixTree) -> None:
    logits = np.full((1, 10), -1e4, np.float32)
    logits[0, 4] = 1e4
    assert title_probabilities(tree, logits)[0].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_shares_are_the_tree_s_own_process_rewards(tree: PrefixTree) -> None:
    q = np.random.default_rng(0).dirichlet(np.ones(9), 3)
    wanted = np.stack([tree.log_process_rewards(tree.flows(row)) for row in q])
    np.testing.assert_allclose(guidance_log_probabilities(tree, q), wanted, atol=1e-12)


def test_shares_along_a_title_give_its_probability(tree: PrefixTree) -> None:
    q = np.random.default_rng(1).dirichlet(np.ones(9), 1)
    assert np.exp(tree.log_probabilities(guidance_log_probabilities(tree, q)[0])) == pytest.approx(q[0])


def test_an_impossible_title_keeps_finite_shares(tree: PrefixTree) -> None:
    q = np.zeros((1, 9))
    q[0, 2] = 1
    assert np.isfinite(guidance_log_probabilities(tree, q)).all()
