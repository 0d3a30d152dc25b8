import numpy as np
import pytest

from benchmarks.flower_next_item import LONG, arms
from benchmarks.flower_next_item_report import YARDSTICK, fairness, over_seeds, table

COUNTS = np.arange(16, 0, -1)


def line(arm: str, titles: list[list[int]], ranks: list[int]) -> dict[str, object]:
    estimate = {"value": 0.5, "ci95": [0.4, 0.6], "n": len(ranks)}
    numbers = {"dgu_at_10": 0.1, "mgu_at_10": 0.05, "entropy_bits": 3.0, "ttr": 0.1}
    said = {"ndcg_at_5": estimate, "hr_at_5": estimate, **numbers}
    return {"arm": arm, "n": len(ranks), "ranks": ranks, "titles": titles, **said}


def test_every_arm_goes_on_from_an_arm_before_it() -> None:
    found = arms(LONG)
    starts = [(arm.start, list(found).index(name)) for name, arm in found.items() if arm.start]
    assert all(list(found).index(str(start)) < place for start, place in starts)


def test_an_arm_is_held_to_sft_user_by_user() -> None:
    lines = {
        YARDSTICK: line(YARDSTICK, [[0, 1]] * 20, [9] * 20),
        "flower": line("flower", [[0, 12]] * 20, [0] * 20),
    }
    shown = table(lines, COUNTS)
    assert "+1.0000 (0.00)" in shown.splitlines()[3]
    assert "[-0.324, -0.324]" in shown.splitlines()[3]


def test_an_arm_over_other_tests_is_held_to_none() -> None:
    own, other = line("all", [[0, 1]] * 5, [0] * 5), line(YARDSTICK, [[0, 1]] * 4, [0] * 4)
    assert fairness(own, other, COUNTS).more_dgu is None


def test_the_interval_of_users_who_are_told_the_same_has_no_width() -> None:
    low, high = fairness(line("same", [[0, 1]] * 30, [0] * 30), None, COUNTS).dgu
    assert low == pytest.approx(high)


def test_over_seeds_an_arm_is_held_to_the_sft_of_its_own_training() -> None:
    def training(sft: float, flower: float) -> dict[str, dict[str, object]]:
        lines = {YARDSTICK: line(YARDSTICK, [[0, 1]], [0]), "flower": line("flower", [[0, 1]], [0])}
        lines[YARDSTICK]["dgu_at_10"], lines["flower"]["dgu_at_10"] = sft, flower
        return lines

    shown = over_seeds(
        [training(0.1, 0.2), training(0.5, 0.7), training(0.3, 0.6) | {"alone": line("alone", [], [])}]
    )
    assert [row.split(" | ")[0] for row in shown.splitlines()[2:]] == [f"| {YARDSTICK}", "| flower"]
    # +0.1, +0.2, +0.3: mean .2, standard error .1 / sqrt(3), t of two degrees of freedom 4.3027.
    assert "0.5000 | +0.2000 [-0.0484, +0.4484] | +0.1000, +0.2000, +0.3000" in shown
