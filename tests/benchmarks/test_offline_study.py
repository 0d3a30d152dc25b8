"""The study counts what it says it counts."""

import pytest

from benchmarks.offline_study import Played, describe, summary


def played(*, base: bool, rounds: tuple[bool, ...], offers: tuple[bool, ...], answers: tuple[bool, ...]) -> Played:
    return Played(base, rounds, offers, answers)


MISSED = played(base=False, rounds=(False,) * 4, offers=(False,), answers=(False,))
KEPT = played(base=True, rounds=(True,) * 4, offers=(False,), answers=(False,))
WON = played(base=False, rounds=(False, True, True, True), offers=(False, True), answers=(True, False))
LOST = played(base=True, rounds=(True, False, False, False), offers=(False, True), answers=(True, False))


def test_hits_are_averaged_per_user_before_users_are_compared() -> None:
    found = summary("d", [[KEPT, WON], [MISSED, WON]])
    assert found["users"] == 2
    assert found["base"]["value"] == 0.25
    assert found["loop"]["value"] == 0.75
    assert found["loop_minus_base"]["value"] == 0.5
    assert found["by_round"] == [0.25, 0.75, 0.75, 0.75]


def test_refusals_and_departures_are_counted_over_what_was_said() -> None:
    found = summary("d", [[KEPT, WON], [LOST, KEPT]])
    assert found["refused_first"] == 0.5
    assert found["refused"] == pytest.approx(2 / 6, abs=1e-4)
    assert found["departed_first"] == 0
    assert found["departed_last"] == 0.5
    assert (found["won_per_seed"], found["lost_per_seed"]) == (0.5, 0.5)
    assert (found["mcnemar_first_seed"]["won"], found["mcnemar_first_seed"]["lost"]) == (1, 0)


def test_the_report_says_plainly_when_the_loop_does_not_win() -> None:
    assert "does NOT beat its base model" in describe(summary("d", [[KEPT, LOST]]))
