from itertools import product

import numpy as np
import pytest

from afl.metrics.paired import mcnemar, paired_bootstrap


def by_coin_flips(won: int, lost: int) -> float:
    flips = [sum(flip) for flip in product((0, 1), repeat=won + lost)]
    return sum(abs(2 * heads - won - lost) >= abs(won - lost) for heads in flips) / len(flips)


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (1, 0), (5, 1), (3, 3), (2, 7), (10, 2)])
def test_mcnemar_agrees_with_all_coin_flips(won: int, lost: int) -> None:
    first = [0] * won + [1] * lost + [1, 0]
    second = [1] * won + [0] * lost + [1, 0]
    assert mcnemar(first, second) == (won, lost, pytest.approx(by_coin_flips(won, lost)))


def test_a_clear_difference_excludes_zero() -> None:
    first = np.tile([0.0, 0.1, 0.2], 30)
    found = paired_bootstrap(first, first + np.tile([0.5, 0.4, 0.6], 30))
    assert found.value == pytest.approx(0.5)
    assert found.ci95[0] > 0.45
    assert found.p < 0.01


def test_no_difference_has_p_one() -> None:
    assert paired_bootstrap([0, 1, 1], [0, 1, 1]) == (0.0, (0.0, 0.0), 1.0, 3)


def test_swapping_the_arms_turns_the_difference_round() -> None:
    first, second = [0.0, 1.0, 0.5, 0.2], [1.0, 1.0, 0.0, 0.9]
    there, back = paired_bootstrap(first, second), paired_bootstrap(second, first)
    assert there.value == -back.value
    assert there.p == back.p


def test_arms_over_different_users_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one per user in each arm"):
        mcnemar([0, 1], [0, 1, 1])


def test_over_nobody_there_is_no_difference() -> None:
    assert paired_bootstrap([], []).p == 1.0
