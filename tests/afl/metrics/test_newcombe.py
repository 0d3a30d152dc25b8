"""Two proportions over different users."""

from hypothesis import given
from hypothesis import strategies as st

from afl.metrics.intervals import newcombe

COUNTS = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_the_interval_is_the_published_one() -> None:
    # Newcombe 1998, table II, example (a): 56/70 - 48/80 by method 10.
    low, high = newcombe(56, 70, 48, 80).ci95
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_where_nobody_was_hit_there_still_is_an_interval() -> None:
    # The same table, example (h): 10/10 - 0/10.
    low, high = newcombe(10, 10, 0, 10).ci95
    assert (round(low, 4), round(high, 4)) == (0.6075, 1.0)


@given(COUNTS, COUNTS)
def test_swapping_the_studies_turns_the_interval_round(one: tuple[int, int], two: tuple[int, int]) -> None:
    there, back = newcombe(*one, *two), newcombe(*two, *one)
    assert there.ci95 == (-back.ci95[1], -back.ci95[0])
    assert there.value == -back.value


@given(COUNTS, COUNTS)
def test_the_difference_lies_in_its_interval_and_the_interval_in_its_bounds(
    one: tuple[int, int], two: tuple[int, int]
) -> None:
    found = newcombe(*one, *two)
    low, high = found.ci95
    assert -1 - 1e-9 <= low <= found.value + 1e-12
    assert found.value - 1e-12 <= high <= 1 + 1e-9
