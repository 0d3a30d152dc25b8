"""What goes into the store and comes out of it: plain values, titles in place of item numbers."""

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
    """A run's candidate lists, kept once under their hash."""

    hash: str
    lists: Mapping[str, Sequence[int]]
    """Session id -> its candidates in the order shown; the sessions in the order of the run."""
    titles: Mapping[int, str] | None = None
    """Item number -> title, for every item on the lists; None where the titles are not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord(Answer[str]):
    """One attempt of a turn with the answer in its reply; its messages are in the journal. Items are titles.

    In a ranking that is read entry by entry, an entry that names no candidate is an empty string.
    """

    key: CallKey
    suggestion: str | None = None
    """The base model's suggestion to the recommendation agent in this turn."""
    score: float | None = None
    """The reward score that the user agent was shown."""
    advice: tuple[Advice, ...] = ()
    label: bool | None = None
    """Whether the user wanted the judged item; None where nothing is judged."""

    def target_rank(self, target: str) -> int | None:
        """Where the target stands in the list, from 1; None where it does not, or nothing was listed."""
        return self.ranking.index(target) + 1 if target in self.ranking else None


class RoundRecord(NamedTuple):
    """Where a session stood after a round."""

    hit: bool
    """The last recommendation up to this round was the target; false once the session had failed."""
    accepted: bool


def counts_by_round(paths: Iterable[tuple[Sequence[RoundRecord], int]]) -> tuple[tuple[int, int], ...]:
    """(hits, accepted) after each round, over sessions that took these paths (states, how many sessions).

    A session that has ended keeps its last state; one without a state counts as neither.
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
    """What the user agent said of one item in the user-simulation task, beside what is true of it."""

    turn: Turn
    item: str
    """Title of the item asked about."""
    label: bool
    """Whether the user wanted it."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """How a session went: its turns, what the agents remember of it, and the outcome that follows from them."""

    session: str
    position: int
    """Its place in the order of the run, from 0."""
    target: str
    suggestion: str | None
    """The base model's suggestion for the session."""
    turns: tuple[TurnRecord, ...]
    """One per attempt, in the order they were made."""
    memories: Mapping[str, tuple[Refusal, ...]] = field(default_factory=dict)
    """Role -> the refused rounds as that agent remembers them."""

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
        """The record of a dialogue about this view; items become the titles they were shown under."""
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
        """`OK`, or the outcome it failed with: one that a continuation mends, if there is such a one."""
        if not self.turns:
            return Outcome.FAILED
        failed: list[Outcome] = [turn.outcome for turn in self.answers if turn.outcome is not Outcome.OK]
        mended = [outcome for outcome in failed if outcome.retried_on_continuation]
        return next(iter(mended or failed), Outcome.OK)

    @property
    def answers(self) -> tuple[TurnRecord, ...]:
        """The last attempt of every turn."""
        return tuple({turn.key[:4]: turn for turn in self.turns}.values())

    @property
    def dialogue(self) -> tuple[TurnRecord, ...]:
        """What the two agents said to each other, without what was judged afterwards."""
        return tuple(turn for turn in self.turns if turn.key.phase not in PHASES_WITHOUT_ROUNDS)

    @property
    def judged(self) -> tuple[TurnRecord, ...]:
        """The user agent's answers in the user-simulation task, in the order asked."""
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
        """Whether the final recommendation is the target; false for a failed session."""
        return self.completed and self.item == self.target

    @property
    def base_hit(self) -> bool:
        """Whether the base model's suggestion is the target."""
        return self.suggestion == self.target

    @property
    def tools(self) -> tuple[str, ...]:
        """Names of the recommender tools that advised, in plain string order."""
        return tuple(sorted({advice.tool for turn in self.turns for advice in turn.advice}))

    @property
    def by_round(self) -> tuple[RoundRecord, ...]:
        """Where the session stood after each of its rounds; a failure counts as a miss from its round on."""
        return tuple(self._after(round) for round in range(1, self.rounds + 1))

    def _after(self, round: int) -> RoundRecord:
        turns = [turn for turn in self.dialogue if turn.key.round <= round]
        failed = not self.completed and round == self.rounds
        accepted = any(turn.decision for turn in turns)
        return RoundRecord(not failed and _recommended(turns) == self.target, accepted and not failed)


class SessionRow(NamedTuple):
    """A recorded session in a line."""

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
    """Names of the recommender tools that advised."""


class JudgementRow(NamedTuple):
    """The user agent's answer about one item of the user-simulation task, in a line."""

    session: str
    number: int
    """The item's place among those of its session, from 1; wanted items come first."""
    item: str
    label: bool
    """Whether the user wanted it."""
    decision: bool | None
    """None where there is no answer."""
    score: float | None
    outcome: str


class TargetRankRow(NamedTuple):
    """Where the target stood in one list of the recommendation agent, in a line."""

    session: str
    number: int
    """The round, or the number of the hint under which the list was made (0 for none)."""
    rank: int | None
    """From 1; None where the target is not on the list, or there is no list."""
    outcome: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One attempt as a reader of the run sees it: what was understood, and what was sent and came back."""

    turn: TurnRecord
    entry: JournalEntry | None
    """None where the attempt was recorded without a call."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A session with everything that was said in it."""

    record: SessionRecord
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class CallTotals:
    """What a run asked of the language model, summed over its journal."""

    calls: int = 0
    """Requests that were sent: every entry but those over budget."""
    retries: int = 0
    repairs: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """None where no call's price was known."""


@dataclass(frozen=True, slots=True)
class RunTotals:
    """A run in numbers, computed in SQL."""

    sessions: int
    """Sessions the run consists of."""
    done: int
    """Sessions a continuation leaves as they are."""
    completed: int
    failed: int
    hits: int
    accepted: int
    base_hits: int
    """Sessions whose suggestion was the target."""
    by_round: tuple[tuple[int, int], ...]
    """(hits, accepted) after each round, over all recorded sessions; ended sessions keep their last state."""
    outcomes: Mapping[str, int]
    """Turn outcome -> number of turns that ended so (their last attempt)."""
    calls: CallTotals
    ended: float | None = None
    """When the last session was recorded, in seconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of `afl runs`."""

    name: str
    created: float
    """Seconds since 1970, UTC."""
    config: Mapping[str, Any]
    held: bool  # a key of the JSON
    """A process is working on it."""
    totals: RunTotals
    candidates_hash: str = ""
    """Runs with equal ones are over the same sessions and candidate lists, in the same order."""

    @property
    def status(self) -> str:
        """`running` (a process holds it), `complete` or `incomplete`."""
        if self.held:
            return "running"
        return "complete" if self.totals.done == self.totals.sessions else "incomplete"

    @property
    def seconds(self) -> float | None:
        """From its beginning to the last recorded session, pauses between continuations included."""
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
    """What was named last: by the recommendation agent, or by a user agent that chose among several."""
    named = [turn.item for turn in turns if turn.outcome is Outcome.OK and turn.item is not None]
    return named[-1] if named else None
