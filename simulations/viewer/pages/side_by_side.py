"""One session as several runs recorded it, turn by turn, with the first difference marked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated

from fastapi import Query
from pydantic import Field

from afl.errors import UsageError
from afl.types import CallKey
from memory.records import Exchange, Transcript
from memory.run import Run
from simulations.analysis.aligned_runs import AlignedRuns
from simulations.analysis.run_comparison import require_same_sessions
from simulations.viewer.data_access import DataAccess, InjectedData
from simulations.viewer.pages.compare import NAMES, ComparedQuery, SessionResult, align
from simulations.viewer.transcript_view import TurnLocation
from simulations.viewer.urls import decode_segment

_READ = 4000
"""Characters of a reason that are looked at, and shown."""


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """What an agent said in one of the runs: its last attempt at a turn."""

    outcome: str
    item: str | None
    decision: bool | None
    ranking: tuple[str, ...]
    reason: str
    alike: int
    """Characters of the reason, from its beginning, that are the same in every run."""
    score: float | None
    label: bool | None
    advice: tuple[str, ...]
    """What tools told it."""
    attempts: int


@dataclass(frozen=True, slots=True)
class AlignedTurn:
    """The same turn in every run."""

    place: TurnLocation
    said: tuple[AgentAnswer | None, ...]
    """One per run; None where the session had ended by then, or the turn does not exist there."""
    asked_alike: bool
    """Whether every run that has it sent the same request."""
    choice_differs: bool
    """Whether outcome, item, decision or list are not the same in all runs."""
    words_differ: bool
    """Whether the reasons are not."""

    @property
    def differs(self) -> bool:
        return self.choice_differs or self.words_differ


class SideBySideQuery(ComparedQuery):
    """What may stand behind the ? of the page."""

    run: list[str] = Field(json_schema_extra=NAMES | {"minItems": 2})


@dataclass(frozen=True, slots=True)
class SideBySidePage:
    runs: tuple[str, ...]
    session: str
    position: int
    """Its place in the order of the runs, from 0."""
    target: str
    suggestions: tuple[str | None, ...]
    """The base model's, in each run."""
    ended: tuple[SessionResult, ...]
    """In each run."""
    turns: tuple[AlignedTurn, ...]
    first: str | None
    """The anchor of the first turn in which the runs differ; None where they say the same throughout."""
    parted: str | None
    """The anchor of the first in which not only words differ."""
    before: str | None
    """The session before it among those asked for."""
    after: str | None
    query: ComparedQuery


async def read(data: InjectedData, session: str, query: Annotated[SideBySideQuery, Query()]) -> SideBySidePage:
    """The session in each of the runs; the query says among which ones it has neighbours."""
    runs = [await data.store.run(name) for name in query.names]
    if len(runs) < 2:
        raise UsageError(f"got {len(runs)} runs, expected two or more: ?run=NAME&run=NAME")
    for other in runs[1:]:
        require_same_sessions(runs[0], other)
    found = [await run.transcript(decode_segment(session)) for run in runs]
    turns = tuple(_turns(found))
    before, after = await _neighbours(data, runs, found[0].record.position, query)
    return SideBySidePage(
        runs=query.names,
        session=found[0].record.session,
        position=found[0].record.position,
        target=found[0].record.target,
        suggestions=tuple(one.record.suggestion for one in found),
        ended=tuple(_ended(one) for one in found),
        turns=turns,
        first=next((turn.place.anchor for turn in turns if turn.differs), None),
        parted=next((turn.place.anchor for turn in turns if turn.choice_differs), None),
        before=before,
        after=after,
        query=query,
    )


def _ended(transcript: Transcript) -> SessionResult:
    record = transcript.record
    return SessionResult(record.outcome, record.completed, record.accepted, record.hit, record.rounds, record.item)


async def _neighbours(
    data: DataAccess, runs: Sequence[Run], position: int, query: ComparedQuery
) -> tuple[str | None, str | None]:
    aligned: AlignedRuns = await align(data, runs)
    among = aligned.selected(query.show)
    before, after = among[among < position], among[among > position]
    wanted = [*before[-1:].tolist(), *after[:1].tolist()]
    names = {row.position: row.session for row in await runs[0].sessions_at(wanted)}
    return (
        names[int(before[-1])] if len(before) else None,
        names[int(after[0])] if len(after) else None,
    )


_Turns = Mapping[CallKey, Sequence[Exchange]]


def _turns(transcripts: Sequence[Transcript]) -> Iterator[AlignedTurn]:
    """In the order of the run that has the most to say about it; later runs' own turns follow where they belong."""
    by_run = [_by_turn(transcript) for transcript in transcripts]
    phases = list(dict.fromkeys(key.phase for turns in by_run for key in turns))
    order = {key: place for turns in by_run for place, key in enumerate(turns)}
    keys = dict.fromkeys(key for turns in by_run for key in turns)
    for key in sorted(keys, key=lambda key: (phases.index(key.phase), key.round, order[key])):
        yield _aligned(key, [turns.get(key) for turns in by_run])


def _by_turn(transcript: Transcript) -> _Turns:
    turns: dict[CallKey, list[Exchange]] = {}
    for exchange in transcript.exchanges:
        turns.setdefault(exchange.turn.key._replace(attempt=0), []).append(exchange)
    return turns


def _aligned(key: CallKey, attempts: Sequence[Sequence[Exchange] | None]) -> AlignedTurn:
    last = [None if tried is None else tried[-1].turn for tried in attempts]
    choices = {turn and (turn.outcome, turn.item, turn.decision, turn.ranking) for turn in last}
    reasons = [turn.reason for turn in last if turn is not None]
    alike = sum(1 for _ in takewhile(_same, zip(*(reason[:_READ] for reason in reasons), strict=False)))
    requests = [tried[0].entry for tried in attempts if tried is not None]
    return AlignedTurn(
        place=TurnLocation.of(key),
        said=tuple(None if tried is None else _said(tried, alike) for tried in attempts),
        asked_alike=len({None if entry is None else entry.fingerprint for entry in requests}) == 1,
        choice_differs=len(choices) > 1,
        words_differ=len(set(reasons)) > 1,
    )


def _same(letters: Sequence[str]) -> bool:
    return len(set(letters)) == 1


def _said(tried: Sequence[Exchange], alike: int) -> AgentAnswer:
    turn = tried[-1].turn
    return AgentAnswer(
        outcome=turn.outcome,
        item=turn.item,
        decision=turn.decision,
        ranking=turn.ranking,
        reason=turn.reason,
        alike=_word_start(turn.reason, alike),
        score=turn.score,
        label=turn.label,
        advice=tuple(f"{piece.tool}: {piece.text}" for piece in tried[0].turn.advice),
        attempts=len(tried),
    )


def _word_start(text: str, at: int) -> int:
    """Where the word begins that stands at this place."""
    return at if at >= len(text) else text.rfind(" ", 0, at) + 1
