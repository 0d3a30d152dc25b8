import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.flower.personalisation import PersonalisedReward, personalised_log_rewards, title_preferences

Q = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])


def test_the_divided_form_puts_the_mean_at_one() -> None:
    p = title_preferences(Q, np.array([0, 1]), PersonalisedReward.DIVIDED)
    np.testing.assert_allclose(p, [1 + (0.7 - 1 / 3) / 0.6, 1 + (0.3 - 1 / 3) / 0.3])


def test_the_added_form_goes_from_nought_to_one() -> None:
    assert title_preferences(Q, np.array([0, 0]), PersonalisedReward.ADDED).tolist() == [1.0, 0.0]


def test_a_favourite_s_log_reward_is_divided_by_up_to_two() -> None:
    rewards = np.array([[-4.0, 0.0], [-4.0, -1.0]])
    np.testing.assert_allclose(
        personalised_log_rewards(rewards, np.array([2.0, 1.0]), PersonalisedReward.DIVIDED),
        [[-2.0, 0.0], [-4.0, -1.0]],
    )


def test_the_added_form_adds_to_every_token() -> None:
    found = personalised_log_rewards(np.array([[-4.0, 0.0]]), np.array([0.5]), PersonalisedReward.ADDED, scale=2.0)
    np.testing.assert_allclose(found, [[-4.0 + 2 * np.log(0.5), 2 * np.log(0.5)]])


def test_without_a_preference_rewards_stay() -> None:
    rewards = np.array([[-4.0, 0.0]])
    assert (
        personalised_log_rewards(
            rewards, title_preferences(Q[:1], np.array([0]), PersonalisedReward.NONE), PersonalisedReward.NONE
        )
        is rewards
    )


def test_what_is_no_title_is_preferred_like_any() -> None:
    assert title_preferences(Q, np.array([-1, -1]), PersonalisedReward.DIVIDED).tolist() == [1.0, 1.0]


def test_who_prefers_nothing_changes_nothing() -> None:
    level = np.full((1, 3), 1 / 3)
    assert [
        float(title_preferences(level, np.array([1]), form)[0]) for form in PersonalisedReward
    ] == pytest.approx([1.0] * 3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9).filter(sum), st.integers(0, 1))
def test_the_divided_form_stays_above_nought_and_at_most_two(weights: list[float], title: int) -> None:
    q = np.array([weights]) / sum(weights)
    assert 0 < title_preferences(q, np.array([title]), PersonalisedReward.DIVIDED)[0] <= 2 + 1e-9
