"""The learning-rate schedule: warm-up, plateau, decay."""

import pytest

from afl.flower.training_state import LearningRateSchedule

SCHEDULE = LearningRateSchedule(steps=100, warm_up=10, decay=0.5)


def test_it_warms_up_stays_and_decays_to_nearly_0() -> None:
    factors = [SCHEDULE.factor(step, None) for step in (1, 5, 10, 50)]
    assert factors == [0.1, 0.5, 1, 1]
    assert [SCHEDULE.factor(step, 50) for step in (51, 75, 100)] == pytest.approx([50 / 51, 26 / 51, 1 / 51])


def test_without_early_stopping_it_decays_in_time() -> None:
    assert SCHEDULE.last_step(None) == 100
    assert SCHEDULE.factor(100, None) == SCHEDULE.factor(100, 50) == pytest.approx(1 / 51)


def test_early_stopping_shortens_the_decay_to_the_same_end() -> None:
    assert SCHEDULE.last_step(20) == 40
    assert SCHEDULE.factor(40, 20) == pytest.approx(1 / 21)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_end(steps: int) -> None:
    schedule = LearningRateSchedule(steps, warm_up=0, decay=0.5)
    assert schedule.last_step(None) == steps
    assert all(0 < schedule.factor(step, None) <= 1 for step in range(1, steps + 1))
