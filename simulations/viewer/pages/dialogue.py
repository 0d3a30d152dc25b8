"""One session, turn by turn: requests, answers and memories of both agents."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Query

from afl.prompt_headings import HISTORY
from afl.types import PHASES_WITHOUT_ROUNDS, Outcome, Phase, Role
from memory.records import SessionRecord, TurnRecord
from simulations.task.candidate_titles import titles_in_prompts
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
    """Its place in the order of the run, from 0."""
    sessions: int
    """How many the run has."""
    before: str | None
    """The session before it in the order of the run, among those asked for."""
    after: str | None
    query: SessionQuery
    """Whose list one came from."""
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
    candidates_unknown: bool = field(default=False, metadata=OMIT_EMPTY)
    """Whether the titles of the candidates are unknown: neither stored nor in the data set or the prompts."""


async def read(
    data: InjectedData, run: RequestedRun, session: str, query: Annotated[SessionQuery, Query()]
) -> DialoguePage:
    """A session with all its turns; the query selects the sessions before and after it."""
    transcript = await run.transcript(decode_segment(session))
    record, turns = transcript.record, turns_of(transcript)
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
        history=titles_in_prompts(transcript, HISTORY),
        candidates=tuple(_candidates(record, titles or (), scores)),
        rounds=tuple(_rounds(record, turns)),
        hinted=tuple(turn for turn in turns if turn.place.phase == Phase.HINTS),
        judged=tuple(turn for turn in turns if turn.place.phase == Phase.JUDGE),
        taken=_cost(turns),
        candidates_unknown=titles is None,
    )


def _candidates(record: SessionRecord, titles: Sequence[str], scores: Sequence[float]) -> Iterator[Candidate]:
    known = scores if len(scores) == len(titles) else ()
    ranks = {score: place for place, score in reversed([*enumerate(sorted(known, reverse=True), start=1)])}
    for place, title in enumerate(titles):
        score = known[place] if known else None
        yield Candidate(
            title=title,
            score=score,
            rank=None if score is None else ranks[score],
            target=title == record.target,
            suggested_by=_suggesting(record, title),
            offered=tuple(sorted({turn.key.round for turn in record.dialogue if _offers(turn, title)})),
        )


def _rounds(record: SessionRecord, turns: Sequence[TurnView]) -> Iterator[Round]:
    said = [turn for turn in turns if turn.place.phase not in PHASES_WITHOUT_ROUNDS]
    for number, stood in enumerate(record.by_round, start=1):
        yield Round(number, *stood, tuple(turn for turn in said if turn.place.round == number))


def _suggesting(record: SessionRecord, title: str) -> tuple[str, ...]:
    advice = [piece for turn in record.turns for piece in turn.advice]
    base = ["suggestion"] if title == record.suggestion else []
    return tuple(dict.fromkeys(base + [piece.tool for piece in advice if piece.payload.get("item") == title]))


def _offers(turn: TurnRecord, title: str) -> bool:
    return turn.key.role == Role.RECOMMENDATION and turn.outcome is Outcome.OK and turn.item == title


def _cost(turns: Sequence[TurnView]) -> SessionCost:
    attempts = [attempt for turn in turns for attempt in turn.attempts]
    received = [attempt.received for attempt in attempts if attempt.received is not None]
    costs = [one.cost_usd for one in received if one.cost_usd is not None]
    return SessionCost(
        calls=len(received),
        prompt_tokens=sum(one.prompt_tokens for one in received),
        completion_tokens=sum(one.completion_tokens for one in received),
        cost_usd=sum(costs) if costs else None,
        seconds=sum(one.latency for one in received),
    )
