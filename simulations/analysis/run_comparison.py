"""Two runs over the same sessions: hit rates, the paired test, the sessions on which they differ, configurations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from afl.errors import UsageError
from afl.metrics.intervals import Estimate, wilson
from memory.records import SessionRow
from memory.run import Run
from simulations.analysis.paired_tests import PairedTest
from simulations.analysis.ranked_lists import ListComparison

SESSION_KEYS = ("dataset", "split", "sessions", "candidates", "candidates_from", "seed")
"""What of a configuration determines its sessions and their candidate lists."""

HASHES = ("dataset_hash", "candidates_hash")


class RunSide(NamedTuple):
    """One of the compared runs, over the sessions that all of them recorded."""

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
    """Run b against run a: positive numbers speak for b."""

    a: RunSide
    b: RunSide
    test: PairedTest
    """Of the hit rates."""
    left_out: int
    """Sessions of the runs that not both have recorded."""
    configuration: Mapping[str, tuple[Any, Any]]
    """Dotted key -> values of a and b, where they differ; None for what one of them does not have."""
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
        configuration=differences(a.config, b.config),
        discordant=tuple(pair for pair in pairs if pair.a.hit != pair.b.hit),
        ranked=tuple(ranked),
    )


def differences(a: Any, b: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted key -> both values, for every leaf in which two configurations differ."""
    if not (isinstance(a, Mapping) and isinstance(b, Mapping)):
        return {} if a == b else {path: (a, b)}
    leaves: dict[str, tuple[Any, Any]] = {}
    for key in [*a, *(key for key in b if key not in a)]:
        leaves |= differences(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    return leaves


def require_same_sessions(a: Run, b: Run) -> None:
    """Raises `UsageError` naming what differs, for runs over other sessions or other lists."""
    if a.candidates_hash == b.candidates_hash:
        return
    differing = {**differences(a.config, b.config), "candidates_hash": (a.candidates_hash, b.candidates_hash)}
    keys = [f"{key} ({differing[key][0]} and {differing[key][1]})" for key in SESSION_KEYS if key in differing]
    # Hashes tell people little: they are named only where nothing else is to be named.
    hashes = [
        f"{key} ({differing[key][0][:12]} and {differing[key][1][:12]})" for key in HASHES if key in differing
    ]
    raise UsageError(
        f"runs {a.name!r} and {b.name!r} are not over the same sessions and candidate lists: they differ in "
        f"{', '.join(keys or hashes)}; compare runs that agree in {', '.join(SESSION_KEYS)}"
    )
