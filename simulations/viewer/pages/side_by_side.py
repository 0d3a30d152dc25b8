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
from simulations.analysis.run_comparison import require_same_sessions
from simulations.viewer.data_access import DataAccess, InjectedData
from simulations.viewer.pages.compare import NAMES, ComparedQuery, SessionResult, align
from simulations.viewer.transcript_view import TurnLocation
from simulations.viewer.urls import decode_segment

_SHOWN_REASON = 4000
"""Characters of a reason that are compared and shown."""


@dataclass(frozen=True, slots=True)
class AgentAnswer:
    """An agent's answer in one of the runs: its last attempt at a turn."""

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
    """Of the recommender tools."""
    attempts: int


@dataclass(frozen=True, slots=True)
class AlignedTurn:
    """The same turn in every run."""

    place: TurnLocation
    said: tuple[AgentAnswer | None, ...]
    """One answer per run; None where the run has no such turn, for instance since the session had ended."""
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
    """The query of the page."""

    run: list[str] = Field(json_schema_extra=NAMES | {"minItems": 2})


@dataclass(frozen=True, slots=True)
class SideBySidePage:
    runs: tuple[str, ...]
    session: str
    position: int
    """Its index in the order of the runs, from 0."""
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
    """The session before it among those that match the query."""
    after: str | None
    query: ComparedQuery


async def read(data: InjectedData, session: str, query: Annotated[SideBySideQuery, Query()]) -> SideBySidePage:
    """The session in each of the runs; the query says among which ones it has neighbours."""
    runs = [await data.store.run(name) for name in query.names]
    if len(runs) < 2:
        raise UsageError(f"got {len(runs)} runs, expected two or more: ?run=NAME&run=NAME")
    for other in runs[1:]:
        require_same_sessions(runs[0], other)
    transcripts = [await run.transcript(decode_segment(session)) for run in runs]
    records = [transcript.record for transcript in transcripts]
    turns = tuple(_turns(transcripts))
    before, after = await _neighbours(data, runs, records[0].position, query)
    return SideBySidePage(
        runs=query.names,
        session=records[0].session,
        position=records[0].position,
        target=records[0].target,
        suggestions=tuple(record.suggestion for record in records),
        ended=tuple(map(SessionResult.of, records)),
        turns=turns,
        first=next((turn.place.anchor for turn in turns if turn.differs), None),
        parted=next((turn.place.anchor for turn in turns if turn.choice_differs), None),
        before=before,
        after=after,
        query=query,
    )


async def _neighbours(
    data: DataAccess, runs: Sequence[Run], position: int, query: ComparedQuery
) -> tuple[str | None, str | None]:
    """Ids of the sessions before and after this position, among those that match the query."""
    matches = (await align(data, runs)).selected(query.show)
    before, after = matches[matches < position][-1:].tolist(), matches[matches > position][:1].tolist()
    names = {row.position: row.session for row in await runs[0].sessions_at([*before, *after])}
    return names[before[0]] if before else None, names[after[0]] if after else None


_Turns = Mapping[CallKey, Sequence[Exchange]]


def _turns(transcripts: Sequence[Transcript]) -> Iterator[AlignedTurn]:
    """Every turn of any run: by phase and round, within a round in the order of the last run that has it."""
    by_run = [_by_turn(transcript) for transcript in transcripts]
    phases = list(dict.fromkeys(key.phase for turns in by_run for key in turns))
    order = {key: index for turns in by_run for index, key in enumerate(turns)}
    for key in sorted(order, key=lambda key: (phases.index(key.phase), key.round, order[key])):
        yield _aligned(key, [turns.get(key) for turns in by_run])


def _by_turn(transcript: Transcript) -> _Turns:
    turns: dict[CallKey, list[Exchange]] = {}
    for exchange in transcript.exchanges:
        turns.setdefault(exchange.turn.key._replace(attempt=0), []).append(exchange)
    return turns


def _aligned(key: CallKey, attempts: Sequence[Sequence[Exchange] | None]) -> AlignedTurn:
    """`attempts`: those of each run; None where the run has no such turn."""
    last = [None if of_run is None else of_run[-1].turn for of_run in attempts]
    choices = {turn and (turn.outcome, turn.item, turn.decision, turn.ranking) for turn in last}
    reasons = [turn.reason for turn in last if turn is not None]
    letters = zip(*(reason[:_SHOWN_REASON] for reason in reasons), strict=False)
    alike = sum(1 for _ in takewhile(lambda letter: len(set(letter)) == 1, letters))
    requests = [of_run[0].entry for of_run in attempts if of_run is not None]
    return AlignedTurn(
        place=TurnLocation.of(key),
        said=tuple(None if of_run is None else _answer(of_run, alike) for of_run in attempts),
        asked_alike=len({None if entry is None else entry.fingerprint for entry in requests}) == 1,
        choice_differs=len(choices) > 1,
        words_differ=len(set(reasons)) > 1,
    )


def _answer(attempts: Sequence[Exchange], alike: int) -> AgentAnswer:
    turn = attempts[-1].turn
    return AgentAnswer(
        outcome=turn.outcome,
        item=turn.item,
        decision=turn.decision,
        ranking=turn.ranking,
        reason=turn.reason,
        alike=_word_start(turn.reason, alike),
        score=turn.score,
        label=turn.label,
        advice=tuple(f"{piece.tool}: {piece.text}" for piece in attempts[0].turn.advice),
        attempts=len(attempts),
    )


def _word_start(text: str, index: int) -> int:
    """The index at which the word begins that this character belongs to."""
    return index if index >= len(text) else text.rfind(" ", 0, index) + 1
