"""Checks that models were not trained on the sessions they are tested on."""

from collections.abc import Sequence

import numpy as np

from afl.data.dataset import Sequences, Split
from afl.data.sessions import MIN_HISTORY, Row
from simulations.analysis.audit_check import Check, Verdict, not_checked

SPLIT = "split"
COMMON = 0.01
"""Above this share, equal sessions are no coincidence of short histories."""


def check_split(
    rows: Sequence[Row], training: Sequences, *, trained: bool = True, same_users: bool = True
) -> Check:
    """Rows whose history and target are consecutive in a training sequence, and users on both sides.

    `trained`: whether anything in the run learned from the training sequences; only then are rows of the training
    split suspicious, and repeated rows broken, where they are more than one in a hundred. `same_users`: whether equal
    ids are the same user, as within one data set. A row of fewer than four items may occur by
    coincidence and is not counted. Rows of the training split are fine as long as nothing learned from their targets.
    """
    if not len(training):
        return not_checked(SPLIT, "The data set has no training sequences.")
    tested = [row for row in rows if row.split != Split.TRAIN]
    numbers = {"n": len(tested), "of_train": len(rows) - len(tested), "repeated": 0, "users_in_train": 0}
    windows = _Windows(training)
    trained_on = sum((*row.history, row.target) in windows for row in rows if row.split == Split.TRAIN)
    if trained_on and trained:
        text = f"{trained_on} sessions are training sequences of the models that judge them."
        return Check(SPLIT, Verdict.SUSPICIOUS, text, numbers)
    if not tested:
        text = "All sessions are training sequences, and nothing was learned from their targets."
        return Check(SPLIT, Verdict.OK, text, numbers) if trained else not_checked(SPLIT, text)
    users = set(training.ids) if same_users else set()
    # Two or three consecutive items recur by coincidence: such rows say nothing about a split.
    long_rows = [row for row in tested if len(row.history) >= MIN_HISTORY]
    numbers["repeated"] = sum((*row.history, row.target) in windows for row in long_rows)
    numbers["users_in_train"] = sum(row.id in users for row in tested)
    common = trained and numbers["repeated"] > COMMON * len(tested)
    verdict = _verdict(len(tested), numbers["repeated"], numbers["users_in_train"], common=common)
    return Check(SPLIT, *verdict, numbers)


def _verdict(n: int, repeated: int, users: int, *, common: bool) -> tuple[Verdict, str]:
    if repeated:
        verdict = Verdict.BROKEN if common else Verdict.SUSPICIOUS
        return verdict, f"{repeated} of {n} sessions, target included, are part of a training sequence."
    if users:
        return Verdict.SUSPICIOUS, f"{users} of {n} sessions are of users that have a training sequence too."
    return Verdict.OK, f"None of {n} sessions is part of a training sequence, and no user is on both sides."


class _Windows:
    """All windows of consecutive items in the training sequences, looked up by their last item."""

    def __init__(self, training: Sequences) -> None:
        self.items, self.offsets = training.items, training.offsets
        self.order = np.argsort(self.items, kind="stable")
        self.sorted = self.items[self.order]

    def __contains__(self, window: tuple[int, ...]) -> bool:
        first, last = np.searchsorted(self.sorted, [window[-1], window[-1] + 1])
        return any(self._ends_at(int(index), window) for index in self.order[first:last])

    def _ends_at(self, index: int, window: tuple[int, ...]) -> bool:
        start = index + 1 - len(window)
        begin = self.offsets[np.searchsorted(self.offsets, index, side="right") - 1]
        return start >= begin and tuple(self.items[start : index + 1].tolist()) == window
