"""Sessions and answers as columns."""

import numpy as np
from numpy.testing import assert_array_equal

from memory.results import JudgedColumns, ResultColumns


def test_results_come_in_the_order_of_the_run() -> None:
    columns = ResultColumns.of(np.array([2 * 8 + 4 + 1, 0 * 8 + 2 + 1, 5 * 8]))
    assert columns.position.tolist() == [0, 2, 5]
    assert columns.hit.tolist() == [False, True, False]
    assert columns.accepted.tolist() == [True, False, False]
    assert columns.completed.tolist() == [True, True, False]


def test_some_sessions_are_taken_out_by_their_places() -> None:
    columns = ResultColumns.of(np.array([0, 1 * 8 + 5, 2 * 8, 3 * 8 + 5])).at(np.array([1, 2]))
    assert columns.position.tolist() == [1, 2]
    assert columns.hit.tolist() == [True, False]


def test_answers_are_told_from_items_without_one() -> None:
    codes = np.array([(3 * 4096 + 2) * 8, (3 * 4096 + 1) * 8 + 4 + 2 + 1])
    columns = JudgedColumns.of(codes, np.array([-(2**40), -125]))
    assert (columns.position.tolist(), columns.number.tolist()) == ([3, 3], [1, 2])
    assert (columns.label.tolist(), columns.answered.tolist()) == ([True, False], [True, False])
    assert columns.yes.tolist() == [True, False]
    assert_array_equal(columns.score, [-1.25, np.nan])
