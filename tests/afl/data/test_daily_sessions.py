from dataclasses import replace
from pathlib import Path

import pytest

from afl.data.candidates import candidate_lists
from afl.data.daily_sessions import daily_sessions
from afl.data.dataset import Dataset, Sequence, Sequences, Split
from afl.data.importers import ImportOptions
from afl.data.importers.recbole import import_recbole
from afl.data.sessions import session_rows
from afl.errors import UsageError

DAY = 86_400


def over(small: Dataset, *users: Sequence) -> Dataset:
    """The data set with these users, the first in training, the others for test."""
    splits = {Split.TRAIN: users[:1], Split.VALID: (), Split.TEST: users[1:]}
    return replace(small, splits={split: Sequences.of(several) for split, several in splits.items()})


def user(name: str, *days: int) -> Sequence:
    """An item on each of these days after 1970-01-01."""
    return Sequence(name, tuple(range(len(days))), tuple(day * DAY + n for n, day in enumerate(days)))


def test_a_session_is_a_day_of_at_least_four_items(small: Dataset) -> None:
    train = daily_sessions(over(small, user("u", 0, 0, 0, 0, 1, 1, 2, 2, 2, 2, 2)), name="d").splits[Split.TRAIN]
    assert [(s.id, s.items) for s in train] == [("u@1970-01-01", (0, 1, 2, 3)), ("u@1970-01-03", (6, 7, 8, 9, 10))]
    assert train[0].timestamps == (0, 1, 2, 3)


def test_a_day_ends_at_midnight_utc(small: Dataset) -> None:
    times = (DAY - 2, DAY - 1, DAY, DAY + 1, DAY + 2, DAY + 3)
    sequence = Sequence("u", (0, 1, 2, 3, 4, 5), times)
    assert [s.items for s in daily_sessions(over(small, sequence), name="d").splits[Split.TRAIN]] == [(2, 3, 4, 5)]


def test_users_stay_in_their_split(small: Dataset) -> None:
    result = daily_sessions(over(small, user("a", 0, 0, 0, 0), user("b", 0, 0, 0, 0, 5, 5, 5, 5)), name="d")
    assert [result.splits[split].ids for split in Split] == [
        ("a@1970-01-01",),
        (),
        ("b@1970-01-01", "b@1970-01-06"),
    ]


def test_what_a_user_met_on_other_days_is_on_no_list(small: Dataset) -> None:
    result = daily_sessions(
        over(small, user("a", 0, 0, 0, 0), user("b", *[0] * 4, *[5] * 4, *range(9, 40))), name="d"
    )
    (first, second) = session_rows(result, Split.TEST)
    lists = candidate_lists(result, [first, second], size=12).items.tolist()
    assert [set(listed) & set(range(39)) for listed in lists] == [{first.target}, {second.target}]


def test_what_is_left_out_is_told(small: Dataset) -> None:
    notes = daily_sessions(over(small, user("u", 0, 0, 0, 0, 1, 2)), name="d").notes
    assert notes["left out"] == "2 of 3 days: fewer than 4 items"
    assert notes["split"] == "the users' own: by hand"


def test_without_timestamps_there_are_no_days(small: Dataset) -> None:
    with pytest.raises(UsageError, match="'small' has no timestamps"):
        daily_sessions(over(small, Sequence("u", (1, 2, 3, 4))), name="d")


def test_days_that_are_all_too_short_and_a_target_without_history_are_told(small: Dataset) -> None:
    with pytest.raises(UsageError, match="none of 3 days has 4 items or more"):
        daily_sessions(over(small, user("u", 0, 1, 2)), name="d")
    with pytest.raises(UsageError, match="--least: got 3, expected at least 4"):
        daily_sessions(over(small, user("u", 0, 1, 2)), name="d", least=3)


def test_movielens_100k_has_its_days(shared_data: Path) -> None:
    result = daily_sessions(import_recbole(shared_data / "ml-100k", ImportOptions("ml")), name="days")
    assert [len(result.splits[split]) for split in Split] == [1397, 159, 187]
