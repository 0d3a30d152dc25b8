"""The values that the store writes and reads; items are titles instead of numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from afl.types import (
    PHASES_WITHOUT_ROUNDS,
    UNLISTED,
    Advice,
    Answer,
    CallKey,
    JournalEntry,
    Outcome,
    Phase,
    Refusal,
    Role,
    SessionView,
    Turn,
)


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """A run's candidate lists, stored once under their hash."""

    hash: str
    lists: Mapping[str, Sequence[int]]
    """Session id -> its candidates in the order shown; sessions are in the order of the run."""
    titles: Mapping[int, str] | None = None
    """Item number -> title, for every item on the lists; None if the titles are not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord(Answer[str]):
    """One attempt of a turn with the parsed answer; its messages are in the journal. Items are titles.

    In a ranking that is parsed entry by entry, an entry that names no candidate is an empty string.
    """

    key: CallKey
    suggestion: str | None = None
    """The suggestion that the recommendation agent saw in this turn."""
    score: float | None = None
    """The reward score that the user agent saw."""
    advice: tuple[Advice, ...] = ()
    label: bool | None = None
    """Whether the user wanted the judged item; None outside the user-simulation task."""

    def target_rank(self, target: str) -> int | None:
        """The rank of the target in the list, from 1; None if it is not on the list, or there is no list."""
        return self.ranking.index(target) + 1 if target in self.ranking else None


class RoundRecord(NamedTuple):
    """The state of a session after a round."""

    hit: bool
    """Whether the last recommendation so far was the target; false after the session failed."""
    accepted: bool


def counts_by_round(paths: Iterable[tuple[Sequence[RoundRecord], int]]) -> tuple[tuple[int, int], ...]:
    """(hits, accepted) after each round, over sessions with these paths (states by round, number of sessions).

    A session that has ended keeps its last state; a session without any state counts as neither.
    """
    non_empty = [(path, count) for path, count in paths if path]
    longest = max((len(path) for path, _ in non_empty), default=0)
    after = [[(path[min(index, len(path) - 1)], count) for path, count in non_empty] for index in range(longest)]
    return tuple(
        (
            sum(state.hit * count for state, count in states),
            sum(state.accepted * count for state, count in states),
        )
        for states in after
    )


@dataclass(frozen=True, slots=True)
class Judgement:
    """The user agent's answer about one item in the user-simulation task, with the item's label."""

    turn: Turn
    item: str
    """Title of the item."""
    label: bool
    """Whether the user wanted it."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session's result: its turns, the agents' memories, and the outcome that follows from the turns."""

    session: str
    position: int
    """Its position in the order of the run, from 0."""
    target: str
    suggestion: str | None
    """The base model's suggestion for the session."""
    turns: tuple[TurnRecord, ...]
    """One per attempt, in the order made."""
    memories: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    """Role -> the refused rounds in that agent's memory."""

    @classmethod
    def of(
        cls,
        view: SessionView,
        *,
        position: int,
        target: int,
        suggestion: int | None,
        turns: Sequence[Turn],
        memories: Mapping[str, Sequence[Refusal]],
        judgements: Sequence[Judgement] = (),
    ) -> Self:
        """The record of a dialogue about this view; items become the titles shown in it."""
        suggestion_title = None if suggestion is None else view.title(suggestion)
        records = [record for turn in turns for record in _turn_records(view, turn, suggestion_title)]
        records += [record for judgement in judgements for record in _judgement_records(judgement)]
        return cls(
            session=view.session,
            position=position,
            target=view.title(target),
            suggestion=suggestion_title,
            turns=tuple(records),
            memories={str(role): tuple(refusals) for role, refusals in memories.items()},
        )

    @property
    def outcome(self) -> Outcome:
        """`OK`, or the outcome of a failed turn: first one that is repeated when the run is resumed."""
        if not self.turns:
            return Outcome.FAILED
        failed: list[Outcome] = [turn.outcome for turn in self.answers if turn.outcome is not Outcome.OK]
        retried = [outcome for outcome in failed if outcome.retried_on_continuation]
        return next(iter(retried or failed), Outcome.OK)

    @property
    def answers(self) -> tuple[TurnRecord, ...]:
        """The last attempt of every turn."""
        return tuple({turn.key[:4]: turn for turn in self.turns}.values())

    @property
    def dialogue(self) -> tuple[TurnRecord, ...]:
        """The attempts of the dialogue, without those of phases that have no rounds."""
        return tuple(turn for turn in self.turns if turn.key.phase not in PHASES_WITHOUT_ROUNDS)

    @property
    def judged(self) -> tuple[TurnRecord, ...]:
        """The user agent's answers in the user-simulation task, in order."""
        return tuple(turn for turn in self.answers if turn.key.phase == Phase.JUDGE)

    @property
    def completed(self) -> bool:
        return self.outcome is Outcome.OK

    @property
    def rounds(self) -> int:
        return max((turn.key.round for turn in self.dialogue), default=0)

    @property
    def item(self) -> str | None:
        """Title of the last recommendation."""
        return _recommended(self.dialogue)

    @property
    def accepted(self) -> bool:
        return self.completed and any(turn.decision for turn in self.dialogue)

    @property
    def hit(self) -> bool:
        """Whether the last recommendation is the target; false for a failed session."""
        return self.completed and self.item == self.target

    @property
    def base_hit(self) -> bool:
        """Whether the base model's suggestion is the target."""
        return self.suggestion == self.target

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the recommender tools that gave advice, in plain string order."""
        return tuple(sorted({advice.tool for turn in self.turns for advice in turn.advice}))

    @property
    def by_round(self) -> tuple[RoundRecord, ...]:
        """The state after each round; a failure counts as a miss from its round on."""
        return tuple(self._after(round) for round in range(1, self.rounds + 1))

    def _after(self, round: int) -> RoundRecord:
        turns = [turn for turn in self.dialogue if turn.key.round <= round]
        failed = not self.completed and round == self.rounds
        accepted = any(turn.decision for turn in turns)
        return RoundRecord(not failed and _recommended(turns) == self.target, accepted and not failed)


class SessionRow(NamedTuple):
    """A recorded session without its turns."""

    session: str
    position: int
    outcome: str
    completed: bool
    accepted: bool
    rounds: int
    item: str | None
    target: str
    hit: bool
    suggestion: str | None
    tools: tuple[str, ...] = ()
    """Names of the recommender tools that gave advice."""


class JudgementRow(NamedTuple):
    """The user agent's answer about one item of the user-simulation task, without its reason."""

    session: str
    number: int
    """The item's number among those of its session, from 1; wanted items come first."""
    item: str
    label: bool
    """Whether the user wanted it."""
    decision: bool | None
    """None if there is no answer."""
    score: float | None
    outcome: str


class TargetRankRow(NamedTuple):
    """The target's rank in one list of the recommendation agent."""

    session: str
    number: int
    """The round, or the number of the hint under which the list was made (0 for none)."""
    rank: int | None
    """From 1; None if the target is not on the list, or there is no list."""
    outcome: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt: the parsed answer, and the request with its reply."""

    turn: TurnRecord
    entry: JournalEntry | None
    """None if the attempt was recorded without a call."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session with all its requests and replies."""

    record: SessionRecord
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class CallTotals:
    """A run's calls of the language models, summed over its journal."""

    calls: int = 0
    """Requests that were sent; neither over budget nor answered by reuse."""
    retries: int = 0
    repairs: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """None if no call's price was known."""


@dataclass(frozen=True, slots=True)
class RunTotals:
    """The totals of a run, computed in SQL."""

    sessions: int
    """Number of sessions of the run, recorded or not."""
    done: int
    """Sessions that are not run again when the run is resumed."""
    completed: int
    failed: int
    hits: int
    accepted: int
    base_hits: int
    """Sessions whose suggestion is the target."""
    by_round: tuple[tuple[int, int], ...]
    """(hits, accepted) after each round, over all recorded sessions; ended sessions keep their last state."""
    outcomes: Mapping[str, int]
    """Outcome -> number of turns whose last attempt has it."""
    calls: CallTotals
    ended: float | None = None
    """When the last session was recorded; seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run as listed by `afl runs`."""

    name: str
    created: float
    """Seconds since 1970, UTC."""
    config: Mapping[str, Any]
    held: bool  # a key of the JSON
    """Whether a process is working on it."""
    totals: RunTotals
    candidates_hash: str = ""
    """Runs with equal hashes have the same sessions and candidate lists, in the same order."""

    @property
    def status(self) -> str:
        """`running` (a process works on it), `complete` or `incomplete`."""
        if self.held:
            return "running"
        return "complete" if self.totals.done == self.totals.sessions else "incomplete"

    @property
    def seconds(self) -> float | None:
        """From the run's creation to the last recorded session, including pauses between invocations."""
        return None if self.totals.ended is None else max(0.0, self.totals.ended - self.created)


def _turn_records(view: SessionView, turn: Turn, suggestion: str | None) -> list[TurnRecord]:
    recommends = turn.role == Role.RECOMMENDATION
    return [
        TurnRecord(
            key=attempt.key,
            outcome=attempt.outcome,
            item=None if attempt.item is None else view.title(attempt.item),
            reason=attempt.reason,
            decision=attempt.decision,
            suggestion=suggestion if recommends else None,
            score=turn.score,
            advice=turn.advice,
            ranking=tuple("" if item == UNLISTED else view.title(item) for item in attempt.ranking),
        )
        for attempt in turn.attempts
    ]


def _judgement_records(judgement: Judgement) -> list[TurnRecord]:
    turn = judgement.turn
    return [
        TurnRecord(
            key=attempt.key,
            outcome=attempt.outcome,
            item=judgement.item,
            reason=attempt.reason,
            decision=attempt.decision,
            score=turn.score,
            label=judgement.label,
        )
        for attempt in turn.attempts
    ]


def _recommended(turns: Sequence[TurnRecord]) -> str | None:
    """The last item: recommended, or chosen by a user agent among several."""
    items = [turn.item for turn in turns if turn.outcome is Outcome.OK and turn.item is not None]
    return items[-1] if items else None
