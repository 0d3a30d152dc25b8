import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.flower.preferences import Personal, personalised, preference

Q = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])


def test_the_divided_form_puts_the_mean_at_one() -> None:
    p = preference(Q, np.array([0, 1]), Personal.DIVIDED)
    np.testing.assert_allclose(p, [1 + (0.7 - 1 / 3) / 0.6, 1 + (0.3 - 1 / 3) / 0.3])


def test_the_added_form_goes_from_nought_to_one() -> None:
    assert preference(Q, np.array([0, 0]), Personal.ADDED).tolist() == [1.0, 0.0]


def test_a_favourite_s_log_reward_is_divided_by_up_to_two() -> None:
    rewards = np.array([[-4.0, 0.0], [-4.0, -1.0]])
    np.testing.assert_allclose(
        personalised(rewards, np.array([2.0, 1.0]), Personal.DIVIDED), [[-2.0, 0.0], [-4.0, -1.0]]
    )


def test_the_added_form_adds_to_every_token() -> None:
    found = personalised(np.array([[-4.0, 0.0]]), np.array([0.5]), Personal.ADDED, scale=2.0)
    np.testing.assert_allclose(found, [[-4.0 + 2 * np.log(0.5), 2 * np.log(0.5)]])


def test_without_a_preference_rewards_stay() -> None:
    rewards = np.array([[-4.0, 0.0]])
    assert personalised(rewards, preference(Q[:1], np.array([0]), Personal.NONE), Personal.NONE) is rewards


def test_what_is_no_title_is_preferred_like_any() -> None:
    assert preference(Q, np.array([-1, -1]), Personal.DIVIDED).tolist() == [1.0, 1.0]


def test_who_prefers_nothing_changes_nothing() -> None:
    level = np.full((1, 3), 1 / 3)
    assert [float(preference(level, np.array([1]), form)[0]) for form in Personal] == pytest.approx([1.0] * 3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9).filter(sum), st.integers(0, 1))
def test_the_divided_form_stays_above_nought_and_at_most_two(weights: list[float], title: int) -> None:
    q = np.array([weights]) / sum(weights)
    assert 0 < preference(q, np.array([title]), Personal.DIVIDED)[0] <= 2 + 1e-9
