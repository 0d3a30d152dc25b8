"""Why earlier runs could, or could not, answer the requests of a run."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afl.errors import NotFoundError
from afl.types import CallKey
from memory.journal_codec import RecordedRequest
from memory.run import Run
from memory.store import Store
from simulations.analysis.run_comparison import differences
from simulations.execution.cache_misses import ExplainedRequest, explain

_READ_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class CacheExplanation:
    """Every request asked for, with what could have answered it or what set it apart."""

    run: str
    requests: tuple[ExplainedRequest, ...]
    """Session by session, in the order asked."""
    configuration: Mapping[str, Mapping[str, tuple[Any, Any]]]
    """Per run that holds a nearest request: every key in which its configuration differs, its value first."""

    @property
    def missed(self) -> tuple[ExplainedRequest, ...]:
        """The requests that no earlier reply could answer."""
        return tuple(one for one in self.requests if one.missed)

    @property
    def reused(self) -> int:
        """Requests that an earlier reply did answer."""
        return sum(one.reused for one in self.requests)

    @property
    def causes(self) -> Mapping[str, int]:
        """Why requests missed, the most frequent cause first."""
        return dict(Counter(one.cause for one in self.missed).most_common())

    @property
    def examples(self) -> tuple[ExplainedRequest, ...]:
        """The first request of every cause, the most frequent cause first."""
        first = {one.cause: one for one in reversed(self.missed)}
        return tuple(first[cause] for cause in self.causes)

    def to_json(self) -> dict[str, Any]:
        """The object of `cache explain --json`."""
        return {
            "run": self.run,
            "asked": len(self.requests),
            "reused": self.reused,
            "missed": len(self.missed),
            "causes": dict(self.causes),
            "configuration": {
                run: {key: list(values) for key, values in found.items()}
                for run, found in self.configuration.items()
            },
            "requests": [one.to_json() for one in self.requests],
        }


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests are explained; None for any."""

    session: str | None
    round: int | None
    role: str | None

    def __contains__(self, key: CallKey) -> bool:
        expected = (self.session, self.round, self.role)
        values = (key.subject, key.round, key.role)
        return all(part in (None, value) for part, value in zip(expected, values, strict=True))


async def explain_run(store: Store, name: str, requests: RequestFilter) -> CacheExplanation:
    """Every request of a run, explained. Raises `NotFoundError` for a run or request that is not there."""
    run = await store.run(name)
    others = await store.other_runs(name)
    subjects = [subject for subject in await run.journaled_subjects() if requests.session in (None, subject)]
    found: list[ExplainedRequest] = []
    for start in range(0, len(subjects), _READ_AT_ONCE):
        found += await _explain(store, run, others, subjects[start : start + _READ_AT_ONCE], requests)
    if not found:
        raise NotFoundError(f"run {name!r} holds no such request; `afl inspect {name}` lists its sessions")
    nearest = dict.fromkeys(one.nearest.run for one in found if one.nearest is not None)
    configuration = {
        other.name: differences(other.config, run.config) for other in others if other.name in nearest
    }
    return CacheExplanation(name, tuple(found), configuration)


async def _explain(
    store: Store, run: Run, others: list[Run], subjects: list[str], requests: RequestFilter
) -> list[ExplainedRequest]:
    asked = [one for one in await run.recorded_requests(subjects) if one.entry.key in requests]
    equal = await store.reply_cache.find_requests([one.entry.fingerprint for one in asked])
    elsewhere: defaultdict[str, list[tuple[Run, RecordedRequest]]] = defaultdict(list)
    for other in others:
        for one in await other.recorded_requests(subjects):
            elsewhere[one.entry.key.subject].append((other, one))
    return [explain(one, equal[one.entry.fingerprint], elsewhere[one.entry.key.subject], run) for one in asked]
