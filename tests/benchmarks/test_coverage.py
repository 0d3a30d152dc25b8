"""Intervals hold the truth as often as they say: in simulated studies, and with the benchmark's own truth checked."""

import numpy as np
import pytest

from benchmarks.coverage import (
    KINDS,
    Coverage,
    HitWorld,
    JudgingWorld,
    Shape,
    coverage,
    describe,
    pooled,
    true_scores,
)

STUDIES = 200
HITS = HitWorld(122, Shape(0.6, 1.6), Shape(0.8, 1.4))
JUDGING = [JudgingWorld("undecided", 60, ratio, *KINDS["undecided"]) for ratio in ((10, 10), (5, 15), (2, 18))]


@pytest.fixture(scope="module")
def found() -> dict[str, Coverage]:
    """The coverage of each interval over 200 simulated studies, those of judging at three ratios each."""
    return pooled([coverage(world, studies=STUDIES) for world in (HITS, *JUDGING)])


@pytest.mark.parametrize(
    "interval",
    [
        "hit rate (Wilson)",
        "difference of hit rates",
        "hit rate, mean of seeds",
        "difference, mean of seeds",
        "precision",
        "recall",
        "f1",
        "f1, mean of seeds",
        "difference of f1",
        "difference of f1, mean of seeds",
    ],
)
def test_over_200_simulated_studies_intervals_hold_the_truth(interval: str, found: dict[str, Coverage]) -> None:
    assert found[interval].intervals >= STUDIES
    assert 0.93 <= found[interval].share <= 0.97


def test_the_truth_of_a_world_is_what_very_many_users_come_to() -> None:
    arm, draws = KINDS["shy"][1], np.random.default_rng(0)
    found = draws.binomial(5, draws.beta(*arm.wanted, 400_000))
    yes = found + draws.binomial(15, draws.beta(*arm.unwanted, 400_000))
    precision = np.divide(found, yes, out=np.zeros(len(yes)), where=yes > 0)
    expected = [precision.mean(), (found / 5).mean(), (2 * found / (yes + 5)).mean()]
    assert true_scores(arm, (5, 15)) == pytest.approx(expected, abs=0.002)


def test_coverage_repeats_itself_for_a_seed() -> None:
    assert coverage(HITS, studies=5, seed=3) == coverage(HITS, studies=5, seed=3)


def test_people_see_where_an_interval_does_worst() -> None:
    shown = describe({"a": {"recall": Coverage(90, 100)}, "b": {"recall": Coverage(96, 100)}})
    assert "93.0%" in shown
    assert "90.0% (a), 96.0% (b)" in shown
