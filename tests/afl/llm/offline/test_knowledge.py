"""What is learned from training sequences: pairs, popularity, attributes, attention."""

import numpy as np
import pytest

from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequence, Sequences
from afl.llm.offline.attention import learn_attention, training_examples
from afl.llm.offline.attributes import ValueSimilarity, YearProximity, aspect_measures
from afl.llm.offline.cooccurrence import MAX_DENSE_ITEMS, MAX_PAIRS, PairCounts, Window, thin_sequences
from afl.llm.offline.knowledge import Knowledge


def counts(window: Window) -> PairCounts:
    sequences = Sequences.of([Sequence("a", (0, 1, 2)), Sequence("b", (0, 2))])
    return PairCounts.count(sequences, np.array([2.0, 1.0, 2.0, 0.0, 0.0]), window)


def test_pairs_are_counted_with_a_decay_over_distance() -> None:
    pairs = counts(Window(width=2, decay=1.0, ordered=True))
    result = pairs.association(np.array([0, 2]), np.array([1, 2, 0]))
    # 0 then 1: once at distance 1; 0 then 2: at distance 2 and at distance 1; nothing follows 2.
    expected = np.sqrt([[1 / np.sqrt(5 * 4), 1.5 / np.sqrt(5 * 5), 0], [0, 0, 0]])
    assert result == pytest.approx(expected)


def test_unordered_pairs_count_both_ways() -> None:
    pairs = counts(Window(width=1, decay=1.0, ordered=False))
    one = pairs.association(np.array([0]), np.array([2]))
    assert one == pytest.approx(pairs.association(np.array([2]), np.array([0])))


def test_a_large_catalogue_is_searched_for_the_same_counts() -> None:
    sequences = Sequences.of([Sequence("a", (0, 1, 2)), Sequence("b", (0, 2))])
    window = Window(width=2, decay=1.0, ordered=True)
    few, many = np.array([2.0, 1.0, 2.0, 0.0, 0.0]), np.zeros(MAX_DENSE_ITEMS + 1)
    many[:5] = few
    history, candidates = np.array([0, 2, -1]), np.array([1, 2, 0, -1])
    searched = PairCounts.count(sequences, many, window).association(history, candidates)
    assert np.array_equal(searched, PairCounts.count(sequences, few, window).association(history, candidates))


def test_of_very_many_sequences_only_some_are_counted() -> None:
    sequence = Sequence("u", tuple(range(100)))
    few = Sequences.of([sequence] * 10)
    many = thin_sequences(Sequences.of([sequence] * (MAX_PAIRS // 1000)))
    assert thin_sequences(few) is few
    assert len(many) == MAX_PAIRS // 2000
    assert many[len(many) - 1] == sequence


def test_a_sequence_s_own_share_is_left_out() -> None:
    pairs = counts(Window(width=2, decay=1.0, ordered=True))
    left = pairs.association(np.array([0, 1]), np.array([2]), own_distances=np.array([2, 1]))
    # Only the second sequence's 0 then 2 remains, and every count is one smaller.
    assert left == pytest.approx(np.sqrt([[1 / np.sqrt(4 * 4)], [0]]))


def test_unknown_items_go_with_nothing() -> None:
    assert not counts(Window(2, 1.0, False)).association(np.array([-1, 0]), np.array([-1])).any()


def test_rare_shared_values_bring_items_closer_than_common_ones() -> None:
    shared = ValueSimilarity([("drama", "noir"), ("drama",), ("noir",), ("drama",), ("drama",)])
    (close,) = shared.closeness(np.array([0]), np.array([1, 2, -1]))
    assert close[1] > close[0] > close[2] == 0


def test_years_are_close_within_a_decade() -> None:
    years = YearProximity([1990.0, 1991.0, 1950.0])
    (close,) = years.closeness(np.array([0]), np.array([1, 2]))
    assert close == pytest.approx(np.exp([-0.1, -4.0]))


def test_usual_attribute_names_become_aspects(world: Dataset) -> None:
    assert Knowledge(world).aspects == ("follows", "together", "popularity", "genre", "era", "label", "newness")


def test_a_catalogue_without_attributes_has_no_measures() -> None:
    assert aspect_measures(Catalogue.build(["a", "b"])) == {}


def test_attention_goes_to_what_tells_the_answers_apart(world: Dataset) -> None:
    knowledge = Knowledge(world)
    attention = learn_attention(knowledge, training_examples(knowledge), recency=0.85, ridge=0.01)
    learned = dict(zip(knowledge.aspects, attention.tolist(), strict=True))
    assert learned["genre"] > 0.5
    assert abs(learned["label"]) < 0.5 * learned["genre"]
