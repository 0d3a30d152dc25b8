import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.flower.personalisation import (
    PersonalisedReward,
    guidance_log_probabilities,
    personalised_log_rewards,
    title_preferences,
    title_probabilities,
)
from afl.flower.prefix_tree import PrefixTree

Q = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])


def test_the_divided_form_puts_the_mean_at_one() -> None:
    p = title_preferences(Q, np.array([0, 1]), PersonalisedReward.DIVIDED)
    np.testing.assert_allclose(p, [1 + (0.7 - 1 / 3) / 0.6, 1 + (0.3 - 1 / 3) / 0.3])


def test_the_added_form_goes_from_zero_to_one() -> None:
    assert title_preferences(Q, np.array([0, 0]), PersonalisedReward.ADDED).tolist() == [1.0, 0.0]


def test_a_favourite_s_log_reward_is_divided_by_up_to_two() -> None:
    rewards = np.array([[-4.0, 0.0], [-4.0, -1.0]])
    np.testing.assert_allclose(
        personalised_log_rewards(rewards, np.array([2.0, 1.0]), PersonalisedReward.DIVIDED),
        [[-2.0, 0.0], [-4.0, -1.0]],
    )


def test_the_added_form_adds_to_every_token() -> None:
    result = personalised_log_rewards(
        np.array([[-4.0, 0.0]]), np.array([0.5]), PersonalisedReward.ADDED, scale=2.0
    )
    np.testing.assert_allclose(result, [[-4.0 + 2 * np.log(0.5), 2 * np.log(0.5)]])


def test_without_a_preference_rewards_stay() -> None:
    rewards = np.array([[-4.0, 0.0]])
    assert (
        personalised_log_rewards(
            rewards, title_preferences(Q[:1], np.array([0]), PersonalisedReward.NONE), PersonalisedReward.NONE
        )
        is rewards
    )


def test_a_path_without_a_title_is_not_personalised() -> None:
    assert title_preferences(Q, np.array([-1, -1]), PersonalisedReward.DIVIDED).tolist() == [1.0, 1.0]


def test_a_user_without_preferences_changes_nothing() -> None:
    level = np.full((1, 3), 1 / 3)
    assert [
        float(title_preferences(level, np.array([1]), form)[0]) for form in PersonalisedReward
    ] == pytest.approx([1.0] * 3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9).filter(sum), st.integers(0, 1))
def test_the_divided_form_stays_above_zero_and_at_most_two(weights: list[float], title: int) -> None:
    q = np.array([weights]) / sum(weights)
    assert 0 < title_preferences(q, np.array([title]), PersonalisedReward.DIVIDED)[0] <= 2 + 1e-9


def test_items_of_one_title_share_its_probability(tree: PrefixTree) -> None:
    result = title_probabilities(tree, np.zeros((2, 10)))
    np.testing.assert_allclose(result[0], [0.2, *[0.1] * 8])


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
