from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.next_item_examples import history_counts, next_item_examples


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
