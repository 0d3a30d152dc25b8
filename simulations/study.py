"""What a run is about: the sessions of a data set, chosen, with their candidate lists."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from afl.data.candidates import candidate_lists, lists_hash
from afl.data.dataset import Dataset
from afl.data.sessions import Row, Session, rows, session
from afl.draws import derived_seed
from afl.errors import UsageError
from afl.types import SessionView
from memory.records import CandidateRecord
from simulations.options import SimulateOptions


@dataclass(frozen=True)
class Study:
    """Sessions in the order they are run; everything in it follows from data set and options."""

    dataset: Dataset
    options: SimulateOptions
    rows: list[Row]
    candidates: NDArray[np.int32]
    """(S, N) the lists as shown."""
    candidates_hash: str

    @classmethod
    def of(cls, dataset: Dataset, options: SimulateOptions) -> "Study":
        """Chooses the sessions and draws their lists. Raises `UsageError` when there is no session to run."""
        chosen, lists = [], []
        for split in options.splits:
            every = rows(dataset, split)
            # The reference protocol is one stream over all rows of a split, so lists come before any choice.
            drawn = candidate_lists(
                dataset, every, size=options.candidates, seed=options.seed, method=options.candidates_from
            )
            chosen += every
            lists.append(drawn.items)
        if not chosen:
            raise UsageError(
                f"data set {dataset.name!r} has no session in split {options.split!r}; "
                "a session needs an item with at least three before it"
            )
        return cls._picked(dataset, options, chosen, np.concatenate(lists))

    @classmethod
    def _picked(
        cls, dataset: Dataset, options: SimulateOptions, every: list[Row], lists: NDArray[np.int32]
    ) -> "Study":
        order = _order(dataset, options, every)
        chosen = [every[index] for index in order]
        picked = lists[order]
        return cls(dataset, options, chosen, picked, lists_hash(chosen, picked))

    def __len__(self) -> int:
        return len(self.rows)

    def session(self, position: int) -> Session:
        """The session at this position of the run."""
        return session(self.dataset, self.rows[position], self.candidates[position].tolist())

    def views(self) -> list[SessionView]:
        """All sessions as models may see them."""
        return [self.session(position).view for position in range(len(self))]

    def candidate_record(self) -> CandidateRecord:
        """The lists as they are kept with the run."""
        lists = zip(self.rows, self.candidates.tolist(), strict=True)
        return CandidateRecord(self.candidates_hash, {row.id: items for row, items in lists})

    def configuration(self) -> dict[str, Any]:
        """What of data and options determines the results."""
        said = asdict(self.options) | {"tools": list(self.options.tools)}
        if self.options.user:
            del said["user"]  # runs begun before there was a choice go on
        return said | {"dataset_hash": self.dataset.hash, "candidates_hash": self.candidates_hash}


def _order(dataset: Dataset, options: SimulateOptions, every: list[Row]) -> list[int]:
    if options.sessions is None:
        return list(range(len(every)))
    if options.sessions > len(every):
        raise UsageError(
            f"--sessions: got {options.sessions}, but split {options.split!r} of {dataset.name!r} has {len(every)}"
        )
    drawn = [derived_seed("sessions", options.seed, dataset.hash, row.id) for row in every]
    return sorted(range(len(every)), key=drawn.__getitem__)[: options.sessions]
