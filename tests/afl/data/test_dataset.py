from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.domains import domain, guess

items = st.lists(st.integers(0, 2**31 - 1), max_size=6).map(tuple)


@given(
    st.lists(st.builds(Sequence, id=st.text(max_size=4), items=items, held_out=items, touched=items), max_size=6)
)
def test_packed_sequences_come_back_as_they_were(sequences: list[Sequence]) -> None:
    assert list(Sequences.of(sequences)) == sequences


def test_timestamps_are_kept_where_every_sequence_has_them() -> None:
    timed = [Sequence("a", (1, 2), (10, 20)), Sequence("b", (3,), (5,))]
    assert list(Sequences.of(timed)) == timed
    assert Sequences.of([*timed, Sequence("c", (1,))]).timestamps is None


def test_the_name_does_not_enter_the_hash_and_the_wording_does(small: Dataset) -> None:
    assert replace(small, name="other", notes={}).hash == small.hash
    assert replace(small, domain=domain("movie")).hash != small.hash


def test_one_item_changed_changes_the_hash(small: Dataset) -> None:
    train = small.splits[Split.TRAIN]
    other = np.where(np.arange(len(train.items)) == 5, 49, train.items)
    changed = Sequences(train.ids, other, train.offsets, train.timestamps)
    assert replace(small, splits={**small.splits, Split.TRAIN: changed}).hash != small.hash


def test_the_wording_is_guessed_from_the_most_telling_name() -> None:
    assert [guess(name).name for name in ("LastFM-1k", "ml-100k.inter", "steam", "books")] == [
        "music",
        "movie",
        "game",
        "item",
    ]
    assert guess("ratings.csv", "ml-latest").name == "movie"
    assert guess("steam.csv", "movies").name == "game"
