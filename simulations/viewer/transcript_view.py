"""A session's turns as pages show them: requests, replies, the answers parsed from them, and memories."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import groupby
from typing import NamedTuple, Self

from afl.types import Advice, CallKey, Message, Phase, Refusal, Reply
from memory.records import Exchange, SessionRecord, Transcript
from simulations.viewer import rendering
from simulations.viewer.data_access import OMIT_EMPTY
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

    @property
    def kind(self) -> Phase:
        return Phase.of(self.phase)

    @property
    def title(self) -> str:
        """`Round 2`, `Item 3`, `Hint 4`."""
        step = self.kind.step(self.round)
        return step[:1].upper() + step[1:]

    @property
    def part(self) -> str:
        """The heading of the part of the session that the turn belongs to."""
        return self.kind.heading or self.title


class Passage(NamedTuple):
    """Successive lines of a message."""

    text: str
    new: bool
    """Whether they are not in the request before."""


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
    """The lines, counted from 0, that are not in that one."""

    @property
    def passages(self) -> list[Passage]:
        """The content in pieces: lines that are new, and lines that are not."""
        lines = enumerate(self.content.splitlines(keepends=True))
        pieces = groupby(lines, key=lambda line: line[0] in self.new_lines)
        return [Passage("".join(line for _, line in piece), new) for new, piece in pieces]


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
    reasoning: str = field(default="", metadata=OMIT_EMPTY)
    """What a reasoning model thought, apart from the text."""
    reasoning_tokens: int | None = field(default=None, metadata=OMIT_EMPTY)
    """Of the completion; None where the endpoint does not say."""
    cached_tokens: int | None = field(default=None, metadata=OMIT_EMPTY)
    """Of the prompt; None where the provider's cache had nothing, or the endpoint does not say."""
    cache_write_tokens: int | None = field(default=None, metadata=OMIT_EMPTY)
    """Of the prompt, what was written into the cache."""

    @classmethod
    def of(cls, reply: Reply) -> Self:
        """The fields of the same names."""
        return cls(**{field.name: getattr(reply, field.name) for field in fields(cls)})

    @property
    def facts(self) -> Iterator[tuple[str, str]]:
        """What pages list of the reply: name, value."""
        prompt, completion = rendering.count(self.prompt_tokens), rendering.count(self.completion_tokens)
        reasoning = (
            f", of which {rendering.count(self.reasoning_tokens)} reasoning" if self.reasoning_tokens else ""
        )
        cached = f", of which {rendering.count(self.cached_tokens)} cached" if self.cached_tokens else ""
        yield "tokens", f"{prompt} prompt{cached}, {completion} completion{reasoning}"
        yield "cost", rendering.dollars(self.cost_usd, 6)
        reused = "none: reply of an equal request reused"
        yield "latency", reused if self.reused else rendering.seconds(self.latency)
        if self.retries:
            yield "retries", rendering.count(self.retries)
        if self.finish_reason:
            yield "finish reason", rendering.cut(self.finish_reason, 200)


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
    """The target's rank in the list, from 1; None where it is not listed, or nothing was listed."""
    advice: tuple[Advice, ...]
    memory: tuple[Refusal, ...]
    """The refused rounds that the agent remembered at this turn."""
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
    """The refusals before this turn; items are judged after the whole dialogue."""
    phase = Phase.of(key.phase)
    if not phase.remembers_dialogue:
        return ()
    refusals = record.memories.get(key.role, ())
    return tuple(refusal for refusal in refusals if refusal.round < key.round or not phase.counts_rounds)


class _TranscriptReader:
    """Reads a session's attempts in order and marks text that occurred before."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], TurnLocation] = {}
        """Message -> the attempt in which it was sent or received first."""
        self._before: dict[tuple[str, str], tuple[TurnLocation, frozenset[str]]] = {}
        """Phase and role -> the request to compare with: its location and its lines."""

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
        role, content, location = message["role"], message["content"], TurnLocation.of(key)
        first = self._seen.setdefault((role, content), location)
        if first != location:
            return RequestMessage(role, content, same_as=first)
        return self._request(key, content) if opens else RequestMessage(role, content)

    def _request(self, key: CallKey, content: str) -> RequestMessage:
        """A turn's first message beside the agent's turn before, or beside its first where turns are independent."""
        lines = content.splitlines()
        like, earlier = self._before.get((key.phase, key.role), (None, frozenset[str]()))
        if like is None or not Phase.of(key.phase).turns_are_independent:
            self._before[key.phase, key.role] = TurnLocation.of(key), frozenset(lines)
        if like is None:
            return RequestMessage("user", content)
        new = tuple(number for number, line in enumerate(lines) if line not in earlier)
        return RequestMessage("user", content, like=like, new_lines=new)

    def _received(self, key: CallKey, reply: Reply) -> ReplyView:
        self._seen.setdefault(("assistant", reply.text), TurnLocation.of(key))
        return ReplyView.of(reply)
