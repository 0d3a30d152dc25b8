"""Why the reply cache had no answer for a request: the nearest earlier request, and how the two differ."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.llm.fingerprint import Difference, RequestContent, differences
from afl.types import CallKey, Outcome
from memory.journal_codec import RecordedRequest
from memory.reply_cache import EqualRequest
from memory.run import Run

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
        found = [
            {"field": one.field, "line": one.line, "under": one.under, "earlier": one.earlier, "now": one.now}
            for one in self.differences
        ]
        return {"run": self.run, **_key_json(self.key), "differences": found}


@dataclass(frozen=True, slots=True)
class ExplainedRequest:
    """One request, and whether an earlier one could answer it."""

    key: CallKey
    answer: EqualRequest | None
    """An earlier equal request whose reply can be used; None for a miss."""
    unusable: EqualRequest | None = None
    """An earlier equal request without a usable reply: it failed, was declined or truncated."""
    reused: bool = False
    """Whether this request was answered so."""
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
    earlier = [one for one in equal if one.created < before and (one.run, one.key) != (run.name, key)]
    usable = next((one for one in earlier if one.outcome is Outcome.OK), None)
    if earlier:
        return ExplainedRequest(key, usable, None if usable else earlier[-1], request.entry.reply.reused)
    now = _sent(run, request)
    compared = [
        (other, one, differences(_sent(other, one), now))
        for other, one in others
        if one.created < before and one.entry.key.role == key.role
    ]
    if not compared:
        return ExplainedRequest(key, None)
    # The fewest differing fields, then the fewest differing lines, then the latest.
    other, one, found = min(
        compared, key=lambda each: (len(each[2]), _differing_lines(each[1], request), -each[1].created)
    )
    return ExplainedRequest(key, None, nearest=NearestRequest(other.name, one.entry.key, tuple(found)))


def _sent(run: Run, asked: RecordedRequest) -> RequestContent:
    """The journal holds the messages; model and parameters are those of the run."""
    return RequestContent(
        run.config.get("llm_name", ""), run.config.get("llm_parameters", {}), asked.entry.messages
    )


def _differing_lines(one: RecordedRequest, other: RecordedRequest) -> int:
    """The number of lines that only one of the two requests has."""
    first, second = _lines(one), _lines(other)
    return (first - second).total() + (second - first).total()


def _lines(asked: RecordedRequest) -> Counter[str]:
    return Counter(line for message in asked.entry.messages for line in message["content"].split("\n"))


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
