"""A run in numbers, out of rows."""

from dataclasses import replace

import pytest

from memory.aggregates import CallAggregate, ItemAggregate, SessionAggregate
from memory.records import RoundRecord
from simulations.analysis.calls import calls_by_round, total_calls
from simulations.analysis.item_popularity import frequent_items, popularity_by_round
from simulations.analysis.outcomes import rate_of_sessions, session_results
from simulations.analysis.rounds import RoundOutcomes, round_outcomes, rounds_of_run


def _sessions(
    count: int, *states: tuple[bool, bool], completed: bool = True, base_hit: bool = False
) -> SessionAggregate:
    by_round = tuple(RoundRecord(*state) for state in states)
    hit, accepted = (by_round[-1] if by_round else (False, False)) if completed else (False, False)
    outcome = "ok" if completed else "failed"
    return SessionAggregate(outcome, completed, accepted, hit, base_hit, len(states), by_round, (), count, 0.0)


def _rounds(sessions: list[SessionAggregate], *, rounds: int) -> tuple[RoundOutcomes, ...]:
    return round_outcomes(sessions, rounds_of_run(sessions, rounds=rounds))


def test_ended_sessions_keep_their_last_state() -> None:
    rows = [_sessions(3, (True, True)), _sessions(1, (False, False), (True, False))]
    first, second, third = _rounds(rows, rounds=3)
    assert [after.hit_rate.value for after in (first, second, third)] == [0.75, 1.0, 1.0]
    assert [after.accepted for after in (first, second, third)] == [3, 0, 0]


def test_without_a_session_there_are_no_rounds_and_no_rate() -> None:
    assert _rounds([], rounds=4) == ()
    assert rate_of_sessions([], 0) is None


def test_failed_sessions_are_misses_of_every_round_but_no_result_of_the_loop() -> None:
    rows = [_sessions(2, (False, False), completed=False)]
    assert session_results(rows)["failed"] == 2
    assert session_results(rows)["miss"] == 0
    assert _rounds(rows, rounds=1)[0].hit_rate.n == 2


CALL = CallAggregate("loop", 1, "user", "ok", True, False, True, 3, 19, 0, 190, 19, 0.19, 1.9)


def test_slow_is_the_border_that_95_percent_of_latencies_are_below() -> None:
    slow = CALL._replace(bucket=8, entries=1, latency=4.0)
    assert total_calls([CALL, slow]).slow == 0.1
    assert total_calls([CALL, slow._replace(entries=2)]).slow == 5.0
    assert total_calls([CALL._replace(bucket=15)]).slow is None


def test_calls_that_were_not_sent_took_no_time() -> None:
    unsent = CALL._replace(
        sent=False, priced=False, latency=0.0, prompt_tokens=0, completion_tokens=0, cost_usd=0.0
    )
    total = total_calls([CALL, unsent])
    assert (total.calls, total.latency, total.cost_usd) == (19, pytest.approx(0.1), 0.19)


def test_without_a_price_there_is_no_cost() -> None:
    assert total_calls([CALL._replace(priced=False)]).cost_usd is None


def test_popularity_counts_the_last_recommendation_up_to_a_round() -> None:
    rows = [
        ItemAggregate(1, "Heat", True, 3),
        ItemAggregate(1, "Up", False, 1),
        ItemAggregate(2, "Ran", True, 1),
        ItemAggregate(2, "Unknown", True, 5),
    ]
    first, second = popularity_by_round(rows, {"Heat": 0, "Up": 1, "Ran": 2}, 2)
    assert [share.value for share in first.shares.values()] == [0.75, 0.25, 0.0]
    assert [share.value for share in second.shares.values()] == [0.75, 0.0, 0.25]


def test_titles_are_listed_by_how_often_they_are_recommended() -> None:
    rows = [
        ItemAggregate(1, "Heat", True, 3),
        ItemAggregate(2, "Up", True, 4),
        ItemAggregate(1, "Up", False, 1),
    ]
    up, heat = frequent_items(rows, {"Heat": 0}, 2)
    assert (up.item, up.group, up.by_round) == ("Up", None, (1, 4))
    assert (heat.item, heat.group, heat.by_round) == ("Heat", "top", (3, 0))
    assert replace(heat, group=None) == frequent_items(rows, {}, 2, most=2)[1]


def test_calls_of_phases_without_rounds_are_one_row_an_agent() -> None:
    steps = [CALL._replace(phase="reflection", role="reflection", round=step) for step in (1, 2, 3)]
    (loop, reflection) = calls_by_round([*steps, CALL])
    assert (loop.phase, loop.round, loop.calls) == ("loop", 1, 19)
    assert (reflection.phase, reflection.round, reflection.calls) == ("reflection", None, 57)
