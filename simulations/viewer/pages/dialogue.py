"""One session, turn by turn: requests, answers and memories of both agents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Query

from afl.types import Outcome, Phase, Role
from memory.records import SessionRecord, TurnRecord
from simulations.task.candidate_titles import titles_in_prompts
from simulations.task.run_kind import RunKind
from simulations.viewer.data_access import OMIT_EMPTY, InjectedData, RequestedRun
from simulations.viewer.queries import SessionQuery
from simulations.viewer.transcript_view import TurnView, turns_of
from simulations.viewer.urls import decode_segment


@dataclass(frozen=True, slots=True)
class Round:
    """A round of the dialogue and the session's state after it."""

    number: int
    hit: bool
    accepted: bool
    turns: tuple[TurnView, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item of the list that both agents saw."""

    title: str
    score: float | None
    """The reward model's."""
    rank: int | None
    """By that score, from 1."""
    target: bool
    suggested_by: tuple[str, ...]
    """The tools that named it."""
    offered: tuple[int, ...]
    """The rounds in which it was recommended."""


@dataclass(frozen=True, slots=True)
class SessionCost:
    """Calls, tokens, cost and latency of a session."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    """None where no call's price was known."""
    seconds: float
    """The sum of their latencies."""


@dataclass(frozen=True, slots=True)
class DialoguePage:
    run: str
    session: str
    position: int
    """Its index in the order of the run, from 0."""
    sessions: int
    """Sessions of the run."""
    before: str | None
    """The session before it in the order of the run, among those that match the query."""
    after: str | None
    query: SessionQuery
    """Of the list of sessions that the page was reached from."""
    outcome: str
    completed: bool
    accepted: bool
    hit: bool
    item: str | None
    """The last recommendation."""
    target: str
    suggestion: str | None
    """The base model's."""
    history: tuple[str, ...]
    """Oldest first."""
    candidates: tuple[Candidate, ...]
    """In the order shown; empty where no agent was shown the list, or its titles are unknown."""
    rounds: tuple[Round, ...]
    hinted: tuple[TurnView, ...]
    """The list without a hint, then under each hint of a knowledge base."""
    judged: tuple[TurnView, ...]
    """Answers of the user-simulation task, in the order asked."""
    taken: SessionCost
    reflected: tuple[TurnView, ...] = field(default=(), metadata=OMIT_EMPTY)
    """The model's reflection on its mistake, while a knowledge base is built."""
    candidates_unknown: bool = field(default=False, metadata=OMIT_EMPTY)
    """Whether the titles of the candidates are unknown: neither stored nor in the data set or the prompts."""


async def read(
    data: InjectedData, run: RequestedRun, session: str, query: Annotated[SessionQuery, Query()]
) -> DialoguePage:
    """A session with all its turns; the query selects the sessions before and after it."""
    transcript = await run.transcript(decode_segment(session))
    record, turns = transcript.record, turns_of(transcript)

    def of_phase(phase: Phase) -> tuple[TurnView, ...]:
        return tuple(turn for turn in turns if turn.place.kind is phase)

    neighbours = await run.adjacent_sessions(record.session, query.filter)
    scores = await data.reward_scores(run, record.position)
    titles = await data.candidate_titles(run, transcript)
    return DialoguePage(
        run=run.name,
        session=record.session,
        position=record.position,
        sessions=run.session_count,
        before=neighbours.before,
        after=neighbours.after,
        query=query,
        outcome=record.outcome,
        completed=record.completed,
        accepted=record.accepted,
        hit=record.hit,
        item=record.item,
        target=record.target,
        suggestion=record.suggestion,
        history=titles_in_prompts(transcript, RunKind.from_config(run.config).headings.history),
        candidates=tuple(_candidates(record, titles or (), scores)),
        rounds=tuple(_rounds(record, of_phase(Phase.LOOP))),
        hinted=of_phase(Phase.HINTS),
        judged=of_phase(Phase.JUDGE),
        reflected=of_phase(Phase.REFLECTION),
        taken=_cost(turns),
        candidates_unknown=titles is None,
    )


def _candidates(record: SessionRecord, titles: Sequence[str], scores: Sequence[float]) -> Iterator[Candidate]:
    """`scores`: of the candidates in the order shown; unused where they are not as many."""
    scored: Sequence[float | None] = scores if len(scores) == len(titles) else [None] * len(titles)
    for title, score in zip(titles, scored, strict=True):
        yield Candidate(
            title=title,
            score=score,
            rank=None if score is None else 1 + sum(other > score for other in scores),
            target=title == record.target,
            suggested_by=_suggesting_tools(record, title),
            offered=tuple(sorted({turn.key.round for turn in record.dialogue if _recommends(turn, title)})),
        )


def _rounds(record: SessionRecord, turns: Sequence[TurnView]) -> Iterator[Round]:
    for number, state in enumerate(record.by_round, start=1):
        yield Round(number, state.hit, state.accepted, tuple(turn for turn in turns if turn.place.round == number))


def _suggesting_tools(record: SessionRecord, title: str) -> tuple[str, ...]:
    advice = [piece for turn in record.turns for piece in turn.advice]
    base = ["suggestion"] if title == record.suggestion else []
    return tuple(dict.fromkeys(base + [piece.tool for piece in advice if piece.payload.get("item") == title]))


def _recommends(turn: TurnRecord, title: str) -> bool:
    return turn.key.role == Role.RECOMMENDATION and turn.outcome is Outcome.OK and turn.item == title


def _cost(turns: Sequence[TurnView]) -> SessionCost:
    attempts = [attempt for turn in turns for attempt in turn.attempts]
    replies = [attempt.received for attempt in attempts if attempt.received is not None]
    costs = [reply.cost_usd for reply in replies if reply.cost_usd is not None]
    return SessionCost(
        calls=len(replies),
        prompt_tokens=sum(reply.prompt_tokens for reply in replies),
        completion_tokens=sum(reply.completion_tokens for reply in replies),
        cost_usd=sum(costs) if costs else None,
        seconds=sum(reply.latency for reply in replies),
    )
