from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.holm import holm


def by_closed_testing(p: list[float]) -> list[float]:
    """Holm is Bonferroni on every set of tests: one counts as found when all sets that hold it are rejected."""
    tests = range(len(p))
    sets = [chosen for size in range(1, len(p) + 1) for chosen in combinations(tests, size)]
    worst = [max(len(s) * min(p[j] for j in s) for s in sets if test in s) for test in tests]
    return [min(1.0, value) for value in worst]


def test_holm_agrees_with_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), max_size=7))
def test_holm_agrees_with_closed_testing(p: list[float]) -> None:
    assert holm(p) == pytest.approx(by_closed_testing(p))


def test_one_test_stays_as_it_is() -> None:
    assert holm([0.2]).tolist() == [0.2]


def test_without_an_effect_even_one_finding_is_rare() -> None:
    draws = np.random.default_rng(0).uniform(size=(4000, 5))
    found = [bool((holm(p) <= 0.05).any()) for p in draws]
    assert np.mean(found) == pytest.approx(0.05, abs=0.012)


@pytest.mark.parametrize("wrong", [[0.1, 1.2], [-0.1], [float("nan")], [[0.1]]])
def test_what_is_no_p_value_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="expected a list of numbers between 0 and 1"):
        holm(wrong)
