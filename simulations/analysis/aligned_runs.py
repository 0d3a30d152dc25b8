"""Runs over the same sessions, session by session: which of them hit it, and whether that tells them apart.

Everything is read from three bits a session and run (`memory.results`), so that runs of 100,000 sessions are compared
while one waits.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from afl.metrics.intervals import wilson
from memory.results import Flags, ResultColumns
from simulations.analysis.paired_tests import PairedTest, adjusted
from simulations.analysis.run_comparison import RunSide

SessionSelection = Literal["differ", "won", "lost", "every", "none", "failed", "all"]
"""Sessions: those that some of the runs hit and others miss; of two runs, that the second wins from or loses to the
first; that every run hits; that none does; that fail in any; all."""
SESSION_SELECTIONS: tuple[SessionSelection, ...] = get_args(SessionSelection)


class AlignedRuns:
    """The sessions that all of these runs recorded."""

    def __init__(self, names: Sequence[str], columns: Sequence[ResultColumns]) -> None:
        """`columns`: one per run, over the same candidate lists, where equal places are equal sessions."""
        self.names = tuple(names)
        self.positions: NDArray[np.int64] = reduce(
            lambda shared, one: np.intersect1d(shared, one, assume_unique=True),
            [one.position for one in columns],
        )
        self._columns = [one.at(self.positions) for one in columns]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def sides(self) -> tuple[RunSide, ...]:
        """The result of every run."""
        return tuple(
            RunSide(
                name,
                wilson(int(columns.hit.sum()), len(self)),
                accepted=int(columns.accepted.sum()),
                failed=int((~columns.completed).sum()),
            )
            for name, columns in zip(self.names, self._columns, strict=True)
        )

    @property
    def pairs(self) -> tuple[PairedTest, ...]:
        """Every pair of runs, the later against the earlier; Holm over all pairs."""
        tests = [
            PairedTest.of_hits(
                a,
                b,
                won=int((second.hit & ~first.hit).sum()),
                lost=int((first.hit & ~second.hit).sum()),
                n=len(self),
            )
            for (a, first), (b, second) in combinations(zip(self.names, self._columns, strict=True), 2)
        ]
        return tuple(adjusted(tests))

    def selected(self, show: SessionSelection) -> NDArray[np.int64]:
        """The places of the sessions asked for, in the order of the runs; those that differ first where all are."""
        hits = [one.hit for one in self._columns]
        every: Flags = np.logical_and.reduce(hits)
        some: Flags = np.logical_or.reduce(hits)
        if show == "all":
            differing = some & ~every
            return np.concatenate([self.positions[differing], self.positions[~differing]])
        wanted: Mapping[SessionSelection, Flags] = {
            "differ": some & ~every,
            "won": hits[-1] & ~hits[0],
            "lost": hits[0] & ~hits[-1],
            "every": every,
            "none": ~some,
            "failed": ~np.logical_and.reduce([one.completed for one in self._columns]),
        }
        return self.positions[wanted[show]]


@dataclass(frozen=True, slots=True)
class DifferingSetting:
    """Something that runs were begun with, where they differ in it."""

    key: str
    """Dotted, where settings are within settings."""
    values: tuple[Any, ...]
    """One per run; None where it was begun without."""


def differing_settings(configs: Sequence[Mapping[str, Any]]) -> tuple[DifferingSetting, ...]:
    """Every setting in which not all of the runs agree."""
    leaves = [dict(_leaves(config)) for config in configs]
    keys = dict.fromkeys(key for one in leaves for key in one)
    settings = (DifferingSetting(key, tuple(one.get(key) for one in leaves)) for key in keys)
    return tuple(setting for setting in settings if any(value != setting.values[0] for value in setting.values))


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping) or not value:
        yield path, value
        return
    for key, within in value.items():
        yield from _leaves(within, f"{path}.{key}" if path else str(key))
