from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import get_domain, guess_domain

items = st.lists(st.integers(0, 2**31 - 1), max_size=6).map(tuple)


many = st.lists(
    st.builds(Sequence, id=st.text(max_size=4), items=items, held_out=items, touched=items, candidates=items),
    max_size=6,
)


@given(many)
def test_packed_sequences_come_back_as_they_were(sequences: list[Sequence]) -> None:
    assert list(Sequences.of(sequences)) == sequences


@given(many, st.data())
def test_sequences_that_are_taken_are_those_packed_anew(sequences: list[Sequence], data: st.DataObject) -> None:
    indices = data.draw(st.permutations(range(len(sequences))))[: len(sequences) // 2]
    packed, anew = Sequences.of(sequences).take(indices), Sequences.of([sequences[index] for index in indices])
    assert list(packed) == list(anew)
    assert (packed.held_out, packed.touched, packed.candidates) == (anew.held_out, anew.touched, anew.candidates)
    assert (packed.offsets.tolist(), packed.offsets.dtype) == (anew.offsets.tolist(), anew.offsets.dtype)


def test_timestamps_are_kept_where_every_sequence_has_them() -> None:
    timed = [Sequence("a", (1, 2), (10, 20)), Sequence("b", (3,), (5,))]
    assert list(Sequences.of(timed)) == timed
    assert Sequences.of([*timed, Sequence("c", (1,))]).timestamps is None


def test_the_name_does_not_enter_the_hash_and_the_wording_does(small: Dataset) -> None:
    assert replace(small, name="other", notes={}).hash == small.hash
    assert replace(small, domain=get_domain("movie")).hash != small.hash


def test_one_item_changed_changes_the_hash(small: Dataset) -> None:
    train = small.splits[Split.TRAIN]
    other = np.where(np.arange(len(train.items)) == 5, 49, train.items)
    changed = Sequences(train.ids, other, train.offsets, train.timestamps)
    assert replace(small, splits={**small.splits, Split.TRAIN: changed}).hash != small.hash


def test_the_wording_is_guessed_from_the_most_telling_name() -> None:
    assert [guess_domain(name).name for name in ("LastFM-1k", "ml-100k.inter", "steam", "books")] == [
        "music",
        "movie",
        "game",
        "item",
    ]
    assert guess_domain("ratings.csv", "ml-latest").name == "movie"
    assert guess_domain("steam.csv", "movies").name == "game"


def test_without_targets_every_training_sequence_lacks_its_last_item_and_the_rest_stays(small: Dataset) -> None:
    learned = small.without_targets()
    assert list(learned.splits[Split.TRAIN]) == [
        Sequence(s.id, s.items[:-1], (s.timestamps or ())[:-1]) for s in small.splits[Split.TRAIN]
    ]
    assert learned.splits[Split.TEST] is small.splits[Split.TEST]
    assert learned.hash != small.hash


def test_a_sequence_of_nothing_but_its_target_is_gone() -> None:
    sequences = Sequences.of([Sequence("a", (1,)), Sequence("b", ()), Sequence("c", (2, 3), candidates=(3, 4))])
    assert list(sequences.without_last()) == [Sequence("c", (2,))]


def test_candidate_lists_of_the_source_enter_the_hash_where_there_are_any(small: Dataset) -> None:
    test = [replace(s, candidates=(s.items[-1], 40)) for s in small.splits[Split.TEST]]
    assert replace(small, splits={**small.splits, Split.TEST: Sequences.of(test)}).hash != small.hash


def test_the_hash_of_a_data_set_does_not_change_between_releases(small: Dataset) -> None:
    assert small.hash.startswith("18b1b49c300006113bebbad86a98a284")
