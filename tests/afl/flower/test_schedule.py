"""The learning rate: up, along, down to nothing."""

import pytest

from afl.flower.schedule import Schedule

PLAN = Schedule(steps=100, warm_up=10, decay=0.5)


def test_it_rises_stays_and_falls_to_nearly_0() -> None:
    shares = [PLAN.share(step, None) for step in (1, 5, 10, 50)]
    assert shares == [0.1, 0.5, 1, 1]
    assert [PLAN.share(step, 50) for step in (51, 75, 100)] == pytest.approx([50 / 51, 26 / 51, 1 / 51])


def test_without_a_turn_it_falls_in_time() -> None:
    assert PLAN.end(None) == 100
    assert PLAN.share(100, None) == PLAN.share(100, 50) == pytest.approx(1 / 51)


def test_an_early_turn_ends_early_and_falls_as_low() -> None:
    assert PLAN.end(20) == 40
    assert PLAN.share(40, 20) == pytest.approx(1 / 21)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_an_end(steps: int) -> None:
    plan = Schedule(steps, warm_up=0, decay=0.5)
    assert plan.end(None) == steps
    assert all(0 < plan.share(step, None) <= 1 for step in range(1, steps + 1))
