import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from afl.data.dataset import Sequence, Split
from afl.data.split import Shares, resplit, split_sequences
from afl.errors import DataError, UsageError


def users(count: int) -> list[Sequence]:
    return [Sequence(str(n), (0, 1, 2, 3)) for n in range(count)]


def sizes(count: int) -> tuple[int, ...]:
    splits = split_sequences(users(count))
    return tuple(len(splits[split]) for split in (Split.TRAIN, Split.VALID, Split.TEST))


def test_943_users_give_94_for_validation_and_94_for_test() -> None:
    assert sizes(943) == (755, 94, 94)


def test_fewer_than_ten_sequences_are_all_for_training() -> None:
    assert sizes(9) == (9, 0, 0)


def test_no_sequences_give_three_empty_splits() -> None:
    assert sizes(0) == (0, 0, 0)


@settings(deadline=None)  # a busy machine says nothing about order
@given(st.permutations(users(25)))
def test_the_order_of_the_file_does_not_matter(shuffled: list[Sequence]) -> None:
    assert [s.ids for s in split_sequences(shuffled).values()] == [
        s.ids for s in split_sequences(users(25)).values()
    ]


def test_each_sequence_lands_in_exactly_one_split() -> None:
    placed = [key for sequences in split_sequences(users(101)).values() for key in sequences.ids]
    assert sorted(placed) == sorted(s.id for s in users(101))


def test_numbered_ids_stand_in_order_within_a_split() -> None:
    ids = [int(key) for key in split_sequences(users(200))[Split.TRAIN].ids]
    assert ids == sorted(ids)


def test_who_is_in_the_test_split_does_not_change_between_releases() -> None:
    assert split_sequences(users(30))[Split.TEST].ids == ("8", "9", "29")


def test_an_id_that_occurs_twice_is_named() -> None:
    with pytest.raises(DataError, match="'7' occurs twice"):
        split_sequences([Sequence("7", (1,)), Sequence("7", (2,))])


def test_all_sequences_are_divided_anew_by_shares() -> None:
    splits = resplit(split_sequences(users(101)), Shares(5, 1, 4))
    assert [len(splits[split]) for split in Split] == [51, 10, 40]
    assert {key for split in Split for key in splits[split].ids} == {s.id for s in users(101)}


def test_another_seed_divides_otherwise_and_the_same_seed_alike() -> None:
    first, again, other = (resplit(split_sequences(users(40)), Shares(1, 1, 1), seed=n) for n in (0, 0, 1))
    assert first[Split.TEST].ids == again[Split.TEST].ids
    assert first[Split.TEST].ids != other[Split.TEST].ids


@pytest.mark.parametrize("text", ["8:1", "0:0:0", "8:1:-1", "a:b:c", "0.8:0.1:0.1"])
def test_shares_that_are_none_are_told(text: str) -> None:
    with pytest.raises(UsageError, match=f"--split: got '{text}', expected shares"):
        Shares.parse(text)


def test_shares_are_read_as_they_are_written() -> None:
    assert str(Shares.parse("5:1:4")) == "5:1:4"


@pytest.mark.parametrize(("shares", "fewest"), [("8:1:1", 10), ("2:1:1", 4), ("1:0:0", 1), ("7:1:2", 10)])
def test_the_fewest_sequences_leave_no_split_empty(shares: str, fewest: int) -> None:
    parsed = Shares.parse(shares)
    assert parsed.min_sequences == fewest
    splits = resplit(split_sequences(users(fewest)), parsed)
    assert all(len(splits[split]) for split, share in zip(Split, parsed, strict=True) if share)


def test_shares_are_read_back_from_the_note_of_a_data_set() -> None:
    assert Shares.from_note("8:1:1 by sequence, by the digest of its id") == (8, 1, 1)
    assert Shares.from_note("the source's own, by sequence") is None
    assert Shares.from_note("") is None
