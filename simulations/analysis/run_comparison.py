"""Runs over the same sessions: hit rates, paired tests, the sessions and settings in which they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from afl.errors import UsageError
from afl.metrics.intervals import Estimate, wilson
from memory.records import SessionRow
from memory.results import Flags, ResultColumns
from memory.run import Run
from simulations.analysis.paired_tests import PairedTest, adjusted
from simulations.analysis.ranked_lists import ListComparison

SESSION_KEYS = ("dataset", "split", "sessions", "candidates", "candidates_from", "seed")
"""The settings that determine the sessions of a run and their candidate lists."""

HASHES = ("dataset_hash", "candidates_hash")

SessionSelection = Literal["differ", "won", "lost", "every", "none", "failed", "all"]
"""Sessions: those that some of the runs hit and others miss; of two runs, that the second wins from or loses to the
first; that every run hits; that none does; that fail in any; all."""
SESSION_SELECTIONS: tuple[SessionSelection, ...] = get_args(SessionSelection)


class RunSide(NamedTuple):
    """One of the runs, over the sessions that all of them recorded."""

    run: str
    hit_rate_at_1: Estimate
    """Failed sessions count as misses."""
    accepted: int
    failed: int

    @classmethod
    def of(cls, run: str, rows: Sequence[SessionRow]) -> "RunSide":
        return cls(
            run,
            wilson(sum(row.hit for row in rows), len(rows)),
            accepted=sum(row.accepted for row in rows),
            failed=sum(not row.completed for row in rows),
        )


class SessionPair(NamedTuple):
    """A session as each of the two runs recorded it."""

    a: SessionRow
    b: SessionRow

    def to_json(self) -> dict[str, Any]:
        sides = {name: {"item": row.item, "hit": row.hit} for name, row in self._asdict().items()}
        return {"session": self.a.session, "target": self.a.target, **sides}


@dataclass(frozen=True, slots=True)
class RunComparison:
    """Run b against run a: positive numbers favour b."""

    a: RunSide
    b: RunSide
    test: PairedTest
    """Of the hit rates."""
    left_out: int
    """Sessions that not both runs have recorded."""
    configuration: Mapping[str, tuple[Any, ...]]
    """Dotted key -> values of a and b, where they differ; None for a key that a run does not have."""
    discordant: tuple[SessionPair, ...]
    """Sessions that one run hits and the other misses, in the order of the runs."""
    ranked: tuple[ListComparison, ...] = ()
    """Of two ranking runs (`afl rank`), metric by metric."""

    def to_json(self) -> dict[str, Any]:
        """The object of `compare --json`."""
        sides = {"a": self.a, "b": self.b}
        return {
            "a": self.a.run,
            "b": self.b.run,
            "n": self.test.n,
            "left_out": self.left_out,
            "hit_rate_at_1": {name: side.hit_rate_at_1.to_json() for name, side in sides.items()},
            "accepted": {name: side.accepted for name, side in sides.items()},
            "failed": {name: side.failed for name, side in sides.items()},
            "difference": self.test.difference,
            "ci95": list(self.test.ci95),
            "p": self.test.p,
            "won": self.test.won,
            "lost": self.test.lost,
            "detectable": self.test.detectable,
            "configuration": {key: list(values) for key, values in self.configuration.items()},
            "sessions": [pair.to_json() for pair in self.discordant],
            **({"ranked": [entry.to_json() for entry in self.ranked]} if self.ranked else {}),
        }


def compare_runs(
    a: Run,
    b: Run,
    rows: tuple[Sequence[SessionRow], Sequence[SessionRow]],
    *,
    ranked: Sequence[ListComparison] = (),
) -> RunComparison:
    """The comparison over the sessions that both runs recorded; `rows` are theirs."""
    of_b = {row.session: row for row in rows[1]}
    pairs = [SessionPair(row, of_b[row.session]) for row in rows[0] if row.session in of_b]
    won = sum(pair.b.hit and not pair.a.hit for pair in pairs)
    lost = sum(pair.a.hit and not pair.b.hit for pair in pairs)
    return RunComparison(
        a=RunSide.of(a.name, [pair.a for pair in pairs]),
        b=RunSide.of(b.name, [pair.b for pair in pairs]),
        test=PairedTest.of_hits(a.name, b.name, won=won, lost=lost, n=len(pairs)),
        left_out=a.session_count - len(pairs),
        configuration=differing_settings([a.config, b.config]),
        discordant=tuple(pair for pair in pairs if pair.a.hit != pair.b.hit),
        ranked=tuple(ranked),
    )


def differing_settings(configs: Sequence[Any], path: str = "") -> dict[str, tuple[Any, ...]]:
    """Dotted key -> the value in each configuration, for every setting in which not all of them agree."""
    if not all(isinstance(config, Mapping) for config in configs):
        return {path: tuple(configs)} if any(config != configs[0] for config in configs) else {}
    settings: dict[str, tuple[Any, ...]] = {}
    for key in dict.fromkeys(key for config in configs for key in config):
        within = [config.get(key) for config in configs]
        settings |= differing_settings(within, f"{path}.{key}" if path else str(key))
    return settings


def require_same_sessions(a: Run, b: Run) -> None:
    """Raises `UsageError` naming what differs, for runs over other sessions or other lists."""
    if a.candidates_hash == b.candidates_hash:
        return
    differing = {
        **differing_settings([a.config, b.config]),
        "candidates_hash": (a.candidates_hash, b.candidates_hash),
    }
    keys = [f"{key} ({differing[key][0]} and {differing[key][1]})" for key in SESSION_KEYS if key in differing]
    # Hashes mean little to people: they are named only where nothing else differs.
    hashes = [
        f"{key} ({differing[key][0][:12]} and {differing[key][1][:12]})" for key in HASHES if key in differing
    ]
    raise UsageError(
        f"runs {a.name!r} and {b.name!r} are not over the same sessions and candidate lists: they differ in "
        f"{', '.join(keys or hashes)}; compare runs that agree in {', '.join(SESSION_KEYS)}"
    )


class AlignedRuns:
    """Any number of runs over the sessions that all of them recorded.

    Made from three bits per session and run (`memory.results`): fast enough for a page about 100,000 sessions.
    """

    def __init__(self, names: Sequence[str], columns: Sequence[ResultColumns]) -> None:
        """`columns`: one per run, over the same candidate lists, so that equal positions are equal sessions."""
        self.names = tuple(names)
        self.positions: NDArray[np.int64] = reduce(
            lambda shared, position: np.intersect1d(shared, position, assume_unique=True),
            [run.position for run in columns],
        )
        self._columns = [run.at(self.positions) for run in columns]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def sides(self) -> tuple[RunSide, ...]:
        """One per run."""
        return tuple(
            RunSide(
                name,
                wilson(int(run.hit.sum()), len(self)),
                accepted=int(run.accepted.sum()),
                failed=int((~run.completed).sum()),
            )
            for name, run in zip(self.names, self._columns, strict=True)
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
        """The positions of the selected sessions, in the order of the runs; of all, those that differ come first."""
        hits = [run.hit for run in self._columns]
        every: Flags = np.logical_and.reduce(hits)
        some: Flags = np.logical_or.reduce(hits)
        if show == "all":
            differing = some & ~every
            return np.concatenate([self.positions[differing], self.positions[~differing]])
        selections: Mapping[SessionSelection, Flags] = {
            "differ": some & ~every,
            "won": hits[-1] & ~hits[0],
            "lost": hits[0] & ~hits[-1],
            "every": every,
            "none": ~some,
            "failed": ~np.logical_and.reduce([run.completed for run in self._columns]),
        }
        return self.positions[selections[show]]
