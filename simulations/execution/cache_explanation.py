"""Why earlier runs could, or could not, answer the requests of a run."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.errors import NotFoundError
from afl.llm.fingerprint import Difference, RequestContent, differences
from afl.types import CallKey, Outcome
from memory.journal_codec import RecordedRequest
from memory.reply_cache import EqualRequest
from memory.run import Run
from memory.store import Store
from simulations.analysis.run_comparison import differing_settings
from simulations.execution.language_models import recorded_models

_UNUSABLE = {
    Outcome.DECLINED: "the equal request was declined",
    Outcome.TRUNCATED: "the reply to the equal request was truncated",
    Outcome.FAILED: "the equal request failed",
    Outcome.OVER_BUDGET: "the equal request was over budget",
}


@dataclass(frozen=True, slots=True)
class NearestRequest:
    """The earlier request of another run with the fewest differences."""

    run: str
    key: CallKey
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        entries = [
            {"field": each.field, "line": each.line, "under": each.under, "earlier": each.earlier, "now": each.now}
            for each in self.differences
        ]
        return {"run": self.run, **_key_json(self.key), "differences": entries}


@dataclass(frozen=True, slots=True)
class ExplainedRequest:
    """One request, and whether an earlier one could answer it."""

    key: CallKey
    answer: EqualRequest | None
    """An earlier equal request whose reply can be used; None for a miss."""
    unusable: EqualRequest | None = None
    """An earlier equal request without a usable reply: it failed, was declined or truncated."""
    reused: bool = False
    """Whether this request was answered by it."""
    nearest: NearestRequest | None = None
    """None where there is an equal request, and where no other run has this session."""

    @property
    def missed(self) -> bool:
        return self.answer is None

    @property
    def cause(self) -> str:
        """The reason of a miss in a few words, for counting; empty for a hit."""
        if self.answer is not None:
            return ""
        if self.unusable is not None:
            return _UNUSABLE[self.unusable.outcome]
        if self.nearest is None:
            return "nobody asked about the session before"
        if not self.nearest.differences:
            return "parameters that are not kept"
        first = self.nearest.differences[0]
        return f"{first.field}, under {first.under!r}" if first.under else first.field

    def to_json(self) -> dict[str, Any]:
        """An entry of `requests`."""
        return {
            **_key_json(self.key),
            "missed": self.missed,
            "cause": self.cause or None,
            "reused": self.reused,
            "answer": _equal(self.answer),
            "unusable": _equal(self.unusable),
            "nearest": self.nearest and self.nearest.to_json(),
        }


def explain(
    request: RecordedRequest,
    equal: Sequence[EqualRequest],
    others: Sequence[tuple[Run, RecordedRequest]],
    run: Run,
) -> ExplainedRequest:
    """Whether earlier requests could answer this one of `run`.

    `equal` are the recorded requests with its fingerprint, itself among them, the earliest first; `others` are
    requests of other runs for the same session.
    """
    key, before = request.entry.key, request.created
    earlier_requests = [
        same for same in equal if same.created < before and (same.run, same.key) != (run.name, key)
    ]
    usable = next((same for same in earlier_requests if same.outcome is Outcome.OK), None)
    if earlier_requests:
        return ExplainedRequest(key, usable, None if usable else earlier_requests[-1], request.entry.reply.reused)
    now = _sent_content(run, request)
    compared = [
        (other_run, other, differences(_sent_content(other_run, other), now))
        for other_run, other in others
        if other.created < before and other.entry.key.role == key.role
    ]
    if not compared:
        return ExplainedRequest(key, None)
    # The fewest differing fields, then the fewest differing lines, then the latest.
    nearest_run, nearest, fields = min(
        compared, key=lambda pair: (len(pair[2]), _differing_lines(pair[1], request), -pair[1].created)
    )
    return ExplainedRequest(key, None, nearest=NearestRequest(nearest_run.name, nearest.entry.key, tuple(fields)))


def _sent_content(run: Run, request: RecordedRequest) -> RequestContent:
    """What was sent: the messages in the journal, model and parameters in the configuration of the run."""
    model = recorded_models(run.config).of(request.entry.key.role)
    return RequestContent(model.name, model.parameters, request.entry.messages)


def _differing_lines(first: RecordedRequest, second: RecordedRequest) -> int:
    """The number of lines that only one of the two requests has."""
    lines, other_lines = _lines(first), _lines(second)
    return (lines - other_lines).total() + (other_lines - lines).total()


def _lines(request: RecordedRequest) -> Counter[str]:
    return Counter(line for message in request.entry.messages for line in message["content"].split("\n"))


def _equal(equal: EqualRequest | None) -> Mapping[str, Any] | None:
    return None if equal is None else {"run": equal.run, **_key_json(equal.key), "outcome": equal.outcome.value}


def _key_json(key: CallKey) -> dict[str, Any]:
    return {
        "session": key.subject,
        "phase": key.phase,
        "round": key.round,
        "role": key.role,
        "attempt": key.attempt,
    }


_READ_AT_ONCE = 25


@dataclass(frozen=True, slots=True)
class CacheExplanation:
    """The requests of a run, each with what could have answered it or how it differs from the nearest one."""

    run: str
    requests: tuple[ExplainedRequest, ...]
    """Session by session, in the order in which they were sent."""
    configuration: Mapping[str, Mapping[str, tuple[Any, Any]]]
    """Per run that holds a nearest request: every key in which its configuration differs, its value first."""

    @property
    def missed(self) -> tuple[ExplainedRequest, ...]:
        """The requests that no earlier reply could answer."""
        return tuple(request for request in self.requests if request.missed)

    @property
    def reused(self) -> int:
        """Requests that an earlier reply did answer."""
        return sum(request.reused for request in self.requests)

    @property
    def causes(self) -> Mapping[str, int]:
        """Why requests missed, the most frequent cause first."""
        return dict(Counter(request.cause for request in self.missed).most_common())

    @property
    def examples(self) -> tuple[ExplainedRequest, ...]:
        """The first request of every cause, the most frequent cause first."""
        first = {request.cause: request for request in reversed(self.missed)}
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
                run: {key: list(values) for key, values in differing.items()}
                for run, differing in self.configuration.items()
            },
            "requests": [request.to_json() for request in self.requests],
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
    explained: list[ExplainedRequest] = []
    for start in range(0, len(subjects), _READ_AT_ONCE):
        explained += await _explain(store, run, others, subjects[start : start + _READ_AT_ONCE], requests)
    if not explained:
        raise NotFoundError(f"run {name!r} holds no such request; `afl inspect {name}` lists its sessions")
    nearest = dict.fromkeys(request.nearest.run for request in explained if request.nearest is not None)
    configuration = {
        other.name: differing_settings([other.config, run.config]) for other in others if other.name in nearest
    }
    return CacheExplanation(name, tuple(explained), configuration)


async def _explain(
    store: Store, run: Run, others: list[Run], subjects: list[str], requests: RequestFilter
) -> list[ExplainedRequest]:
    selected = [request for request in await run.recorded_requests(subjects) if request.entry.key in requests]
    equal = await store.reply_cache.find_requests([request.entry.fingerprint for request in selected])
    elsewhere: defaultdict[str, list[tuple[Run, RecordedRequest]]] = defaultdict(list)
    for other in others:
        for request in await other.recorded_requests(subjects):
            elsewhere[request.entry.key.subject].append((other, request))
    return [
        explain(request, equal[request.entry.fingerprint], elsewhere[request.entry.key.subject], run)
        for request in selected
    ]
