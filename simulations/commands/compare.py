"""`afl compare`: two runs over the same sessions, session by session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from afl.errors import UsageError
from afl.metrics.intervals import Estimate, wilson
from afl.metrics.paired import Difference, McNemar, mcnemar, paired_bootstrap_from_counts
from afl.metrics.power import minimum_detectable_hit_difference
from afl.settings import Settings
from memory.records import SessionRow
from memory.run import Run
from memory.store import Store
from simulations.analysis.list_comparison import ListComparison, compare_lists, places_by_session
from simulations.execution.asynchrony import wait_for
from simulations.task.run_kind import RunKind

SESSION_KEYS = ("dataset", "split", "sessions", "candidates", "candidates_from", "seed")
"""What of a configuration determines its sessions and their candidate lists."""
HASHES = ("dataset_hash", "candidates_hash")


class Side(NamedTuple):
    """One of the two runs, over the sessions that both recorded."""

    run: str
    hit_rate_at_1: Estimate
    """Failed sessions count as misses."""
    accepted: int
    failed: int

    @classmethod
    def of(cls, run: str, rows: Sequence[SessionRow]) -> "Side":
        return cls(
            run,
            wilson(sum(row.hit for row in rows), len(rows)),
            accepted=sum(row.accepted for row in rows),
            failed=sum(not row.completed for row in rows),
        )


class Pair(NamedTuple):
    """A session as each of the two runs recorded it."""

    a: SessionRow
    b: SessionRow

    def to_json(self) -> dict[str, Any]:
        sides = {name: {"item": row.item, "hit": row.hit} for name, row in self._asdict().items()}
        return {"session": self.a.session, "target": self.a.target, **sides}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run b against run a: positive numbers speak for b."""

    a: Side
    b: Side
    difference: Difference
    """Of the hit rates, b - a, with its paired bootstrap interval over sessions."""
    test: McNemar
    """Sessions won and lost by b, with the exact p-value."""
    detectable: float | None
    """The smallest difference these sessions could have shown; None where they are too few for any."""
    left_out: int
    """Sessions of the runs that not both have recorded."""
    configuration: Mapping[str, tuple[Any, Any]]
    """What the runs were begun with, where it differs; None for what one of them does not have."""
    discordant: tuple[Pair, ...]
    """Sessions that one run hits and the other misses, in the order of the runs."""
    ranked: tuple[ListComparison, ...] = ()
    """Of two ranking runs (`afl rank`), metric by metric."""

    def to_json(self) -> dict[str, Any]:
        """The object of `compare --json`."""
        sides = {"a": self.a, "b": self.b}
        return {
            "a": self.a.run,
            "b": self.b.run,
            "n": self.difference.n,
            "left_out": self.left_out,
            "hit_rate_at_1": {name: side.hit_rate_at_1.to_json() for name, side in sides.items()},
            "accepted": {name: side.accepted for name, side in sides.items()},
            "failed": {name: side.failed for name, side in sides.items()},
            "difference": self.difference.value,
            "ci95": list(self.difference.ci95),
            "p": self.test.p,
            "won": self.test.won,
            "lost": self.test.lost,
            "detectable": self.detectable,
            "configuration": {key: list(values) for key, values in self.configuration.items()},
            "sessions": [pair.to_json() for pair in self.discordant],
            **({"ranked": [entry.to_json() for entry in self.ranked]} if self.ranked else {}),
        }


def compare(a: str, b: str, *, db: str | None = None, settings: Settings | None = None) -> Comparison:
    """How run `b` did against run `a` over the same sessions and candidate lists, from the database alone.

    Raises `NotFoundError` for a run that is not there, `UsageError` where the two are over different sessions.
    """
    return wait_for(_compare(a, b, db or (settings or Settings()).db_url))


async def _compare(a: str, b: str, url: str) -> Comparison:
    async with await Store.open(url) as store:
        first, second = await store.run(a), await store.run(b)
        require_same_sessions(first, second)
        pairs = _paired(await first.session_rows(), await second.session_rows())
        ranked = await _ranked(first, second)
    return replace(compared(first, second, pairs), ranked=tuple(ranked))


def compared(first: Run, second: Run, pairs: Sequence[Pair]) -> Comparison:
    """The comparison over these pairs of sessions."""
    hits = [pair.a.hit for pair in pairs], [pair.b.hit for pair in pairs]
    test = mcnemar(*hits)
    differing = (test.won + test.lost) / len(pairs) if pairs else 0.0
    return Comparison(
        a=Side.of(first.name, [pair.a for pair in pairs]),
        b=Side.of(second.name, [pair.b for pair in pairs]),
        difference=paired_bootstrap_from_counts(won=test.won, lost=test.lost, n=len(pairs)),
        test=test,
        detectable=minimum_detectable_hit_difference(len(pairs), differing=differing),
        left_out=first.session_count - len(pairs),
        configuration=differences(first.config, second.config),
        discordant=tuple(pair for pair in pairs if pair.a.hit != pair.b.hit),
    )


async def _ranked(a: Run, b: Run) -> list[ListComparison]:
    """The lists of two ranking runs, as far as both are long; none of runs that made none."""
    kinds = [RunKind.from_config(run.config) for run in (a, b)]
    if not all(kind.ranks for kind in kinds):
        return []
    top = min(kind.listed for kind in kinds)
    places = [places_by_session(await run.target_ranks()) for run in (a, b)]
    return compare_lists(*places, top=top, names=(a.name, b.name))


def differences(a: Any, b: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """Dotted key -> both values, for every leaf in which two configurations differ."""
    if not (isinstance(a, Mapping) and isinstance(b, Mapping)):
        return {} if a == b else {path: (a, b)}
    found: dict[str, tuple[Any, Any]] = {}
    for key in [*a, *(key for key in b if key not in a)]:
        found |= differences(a.get(key), b.get(key), f"{path}.{key}" if path else key)
    return found


def _paired(a: Sequence[SessionRow], b: Sequence[SessionRow]) -> list[Pair]:
    recorded = {row.session: row for row in b}
    return [Pair(row, recorded[row.session]) for row in a if row.session in recorded]


def require_same_sessions(a: Run, b: Run) -> None:
    """Raises `UsageError` with what tells them apart, for runs over other sessions or other lists."""
    if a.candidates_hash == b.candidates_hash:
        return
    found = {**differences(a.config, b.config), "candidates_hash": (a.candidates_hash, b.candidates_hash)}
    said = [f"{key} ({found[key][0]} and {found[key][1]})" for key in SESSION_KEYS if key in found]
    # Hashes tell people little: they are named only where nothing else is to be named.
    hashes = [f"{key} ({found[key][0][:12]} and {found[key][1][:12]})" for key in HASHES if found.get(key)]
    raise UsageError(
        f"runs {a.name!r} and {b.name!r} are not over the same sessions and candidate lists: they differ in "
        f"{', '.join(said or hashes)}; compare runs that agree in {', '.join(SESSION_KEYS)}"
    )
