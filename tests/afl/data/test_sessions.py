from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.sessions import build_session, history_counts, next_item_examples, row_count, session_rows


def with_test(small: Dataset, *sequences: Sequence) -> Dataset:
    return replace(small, splits={**small.splits, Split.TEST: Sequences.of(sequences)})


def test_a_row_is_the_last_item_and_up_to_ten_before_it(small: Dataset) -> None:
    [row] = session_rows(with_test(small, Sequence("u", tuple(range(20)))), Split.TEST)
    assert (row.history, row.target, row.id) == (tuple(range(9, 19)), 19, "u")
    assert row.seen_items == frozenset(range(20))


@pytest.mark.parametrize(("length", "count"), [(0, 0), (3, 0), (4, 1)])
def test_three_items_before_the_target_are_needed(small: Dataset, length: int, count: int) -> None:
    dataset = with_test(small, Sequence("u", tuple(range(length))))
    assert len(session_rows(dataset, Split.TEST)) == row_count(dataset, Split.TEST) == count


def test_one_item_before_the_target_is_enough_where_items_are_held_out(small: Dataset) -> None:
    dataset = with_test(small, Sequence("u", (1, 2), held_out=(3,)), Sequence("v", (1,), held_out=(3,)))
    assert [row.id for row in session_rows(dataset, Split.TEST)] == ["u"]
    assert row_count(dataset, Split.TEST) == 1


def test_an_empty_split_has_no_rows(small: Dataset) -> None:
    assert session_rows(small, Split.VALID) == []
    assert row_count(small, Split.VALID) == 0


def test_what_agents_are_given_does_not_depend_on_the_target(small: Dataset) -> None:
    row = session_rows(small, Split.TEST)[0]
    shown = build_session(small, row, [row.target, 1, 2]).view
    assert build_session(small, replace(row, target=1), [row.target, 1, 2]).view == shown


def test_candidates_are_shown_in_the_order_given(small: Dataset) -> None:
    view = build_session(small, session_rows(small, Split.TEST)[0], [3, 1, 2]).view
    assert view.candidate_titles == ("Item 3", "Item 1", "Item 2")
    assert (view.item("Item 1"), view.title(2)) == (1, "Item 2")


def test_a_training_sequence_gives_an_example_for_every_item_but_the_first(small: Dataset) -> None:
    first = next_item_examples(small, Split.TRAIN)[:7]
    assert first[0] == ((0,), 1)
    assert first[6] == ((0, 1, 2, 3, 4, 5, 6), 7)


def test_a_test_sequence_gives_its_last_item(small: Dataset) -> None:
    assert next_item_examples(small, Split.TEST)[-1] == ((1, 2), 3)
    assert len(next_item_examples(small, Split.TEST)) == 3


def test_nothing_is_learned_from_an_empty_split(small: Dataset) -> None:
    assert next_item_examples(small, Split.VALID) == []


@given(st.lists(st.lists(st.integers(0, 5), max_size=15), max_size=6))
def test_history_counts_are_those_of_the_examples(users: list[list[int]]) -> None:
    sequences = Sequences.of([Sequence(str(n), tuple(items)) for n, items in enumerate(users)])
    windows = [items[max(0, end - 10) : end] for items in users for end in range(1, len(items))]
    counted = Counter(item for window in windows for item in window)
    np.testing.assert_array_equal(history_counts(sequences, 6), [counted[item] for item in range(6)])
