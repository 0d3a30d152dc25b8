"""A session's turns as pages show them: requests, replies, what was parsed out of them, and memories."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from afl.types import INDEPENDENT_PHASES, Advice, CallKey, Message, Phase, Refusal, Reply
from memory.records import Exchange, SessionRecord, Transcript
from simulations.viewer.urls import turn_anchor


@dataclass(frozen=True, slots=True)
class TurnLocation:
    """Which turn of a session, and its address."""

    anchor: str
    phase: str
    round: int
    """In phases that are no dialogue, the number of the item or the hint."""
    role: str

    @classmethod
    def of(cls, key: CallKey) -> Self:
        return cls(turn_anchor(key.phase, key.round, key.role, key.attempt), key.phase, key.round, key.role)


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """A message of a request."""

    role: str
    content: str
    same_as: TurnLocation | None = None
    """The earlier attempt in which this very message was sent or received."""
    like: TurnLocation | None = None
    """The agent's request before."""
    new_lines: tuple[int, ...] = ()
    """The lines, counted from 0, that did not stand in that one."""


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A reply, with tokens, cost and latency."""

    text: str
    error: str | None
    finish_reason: str | None
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    latency: float
    """Seconds."""
    retries: int
    """Transport tries beyond the first."""
    reused: bool
    """The reply to an equal, earlier request; this one was not sent."""


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A request, the reply to it, and the answer parsed from it."""

    anchor: str
    number: int
    """0 for the first request of a turn, then 1, 2 for its repairs."""
    outcome: str
    item: str | None
    decision: bool | None
    ranking: tuple[str, ...]
    reason: str
    sent: tuple[RequestMessage, ...]
    received: ReplyView | None
    """None where the attempt was recorded without a call."""


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn of an agent, repairs included; the last attempt is its answer."""

    place: TurnLocation
    score: float | None
    """The reward score that the user agent was shown."""
    label: bool | None
    """Whether the user wanted the judged item."""
    rank: int | None
    """Where the target stands in the list, from 1; None where it does not, or nothing was listed."""
    advice: tuple[Advice, ...]
    memory: tuple[Refusal, ...]
    """The refused rounds that the agent remembered when it was asked."""
    attempts: tuple[AttemptView, ...]

    @property
    def answer(self) -> AttemptView:
        return self.attempts[-1]


def turns_of(transcript: Transcript) -> tuple[TurnView, ...]:
    """Every turn of the session, in the order they were made."""
    reader = _TranscriptReader()
    return tuple(
        _turn(transcript.record, [*exchanges], reader)
        for _, exchanges in groupby(transcript.exchanges, key=lambda exchange: exchange.turn.key[:4])
    )


def _turn(record: SessionRecord, exchanges: Sequence[Exchange], reader: "_TranscriptReader") -> TurnView:
    first, last = exchanges[0].turn, exchanges[-1].turn
    return TurnView(
        place=TurnLocation.of(first.key),
        score=last.score,
        label=last.label,
        rank=last.target_rank(record.target),
        advice=first.advice,
        memory=_memory(record, first.key),
        attempts=tuple(reader.attempt(exchange) for exchange in exchanges),
    )


def _memory(record: SessionRecord, key: CallKey) -> tuple[Refusal, ...]:
    """What is judged comes after the dialogue, and hints are tried outside of it."""
    if key.phase == Phase.HINTS:
        return ()
    whole = record.memories.get(key.role, ())
    return whole if key.phase == Phase.JUDGE else tuple(kept for kept in whole if kept.round < key.round)


class _TranscriptReader:
    """Reads a session's attempts in order and marks text that occurred before."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], TurnLocation] = {}
        """Message -> the attempt in which it was sent or received first."""
        self._before: dict[tuple[str, str], tuple[TurnLocation, frozenset[str]]] = {}
        """Phase and role -> the request to compare with: its place and its lines."""

    def attempt(self, exchange: Exchange) -> AttemptView:
        turn, entry = exchange.turn, exchange.entry
        return AttemptView(
            anchor=TurnLocation.of(turn.key).anchor,
            number=turn.key.attempt,
            outcome=turn.outcome,
            item=turn.item,
            decision=turn.decision,
            ranking=turn.ranking,
            reason=turn.reason,
            sent=() if entry is None else self._sent(turn.key, entry.messages),
            received=None if entry is None else self._received(turn.key, entry.reply),
        )

    def _sent(self, key: CallKey, messages: Sequence[Message]) -> tuple[RequestMessage, ...]:
        opening = next((message for message in messages if message["role"] == "user"), None)
        return tuple(self._message(key, message, opens=message is opening) for message in messages)

    def _message(self, key: CallKey, message: Message, *, opens: bool) -> RequestMessage:
        role, content, place = message["role"], message["content"], TurnLocation.of(key)
        first = self._seen.setdefault((role, content), place)
        if first != place:
            return RequestMessage(role, content, same_as=first)
        return self._request(key, content) if opens else RequestMessage(role, content)

    def _request(self, key: CallKey, content: str) -> RequestMessage:
        """A turn's first words: in a dialogue most of them stood in the agent's turn before, else in its first."""
        lines = content.splitlines()
        like, known = self._before.get((key.phase, key.role), (None, frozenset[str]()))
        if like is None or key.phase not in INDEPENDENT_PHASES:
            self._before[key.phase, key.role] = TurnLocation.of(key), frozenset(lines)
        if like is None:
            return RequestMessage("user", content)
        return RequestMessage("user", content, like=like, new_lines=_new_lines(lines, known))

    def _received(self, key: CallKey, reply: Reply) -> ReplyView:
        self._seen.setdefault(("assistant", reply.text), TurnLocation.of(key))
        return ReplyView(
            text=reply.text,
            error=reply.error,
            finish_reason=reply.finish_reason,
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            cost_usd=reply.cost_usd,
            latency=reply.latency,
            retries=reply.retries,
            reused=reply.reused,
        )


def _new_lines(lines: Sequence[str], known: frozenset[str]) -> tuple[int, ...]:
    return tuple(place for place, line in enumerate(lines) if line not in known)
