"""The user-simulation task: what the user agent answered about every item, and how often it was right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from fastapi import Query
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field

from afl.types import Phase, Role
from memory.records import Transcript, TurnRecord
from memory.run import Run
from simulations.analysis.judged_answers import Confusion, JudgedAnswers, RankShares
from simulations.document.page import Table
from simulations.sections import user_simulation
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import InjectedData, RequestedRun, RunKindView
from simulations.viewer.queries import PageNumber, PageQuery, none_if_empty, page_count, page_rows
from simulations.viewer.urls import Urls, turn_anchor

PAGE_SIZE, SMALL_PAGE_SIZE = 25, 8
"""Answers on a page; few where nearly each is another user's, whose transcript has to be read for it."""
USERS_PER_PART = 500
"""Users that are counted together: more would take too long for a page."""

Show = Literal["", "found", "missed", "wrongly", "refused", "unanswered"]


class JudgingQuery(PageQuery):
    """The query of the page."""

    show: Show = ""
    """Answers: `found` (yes to a wanted item), `missed` (no to it), `wrongly` (yes to another), `refused`."""
    rank: Annotated[int | None, BeforeValidator(none_if_empty), Field(ge=1, le=4095)] = None
    """Answers about the items of this rank by reward score."""
    part: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """The first five hundred users, the second, ..."""
    page: PageNumber = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about one item."""

    session: str
    anchor: str
    """Of its turn in the dialogue."""
    number: int
    """The item's number among those of its user, from 1; wanted items come first."""
    item: str | None
    label: bool
    """Whether the user wanted it."""
    decision: bool | None
    """None where there is no answer."""
    outcome: str
    reason: str
    score: float | None
    """The reward model's."""
    rank: int | None
    """By that score among the items of its user, from 1."""


@dataclass(frozen=True, slots=True)
class JudgingPage:
    run: str
    kind: RunKindView
    confusions: tuple[Confusion, ...]
    """By ratio."""
    ranks: tuple[RankShares, ...]
    """Empty without a reward model."""
    users: int
    """Users of this part."""
    first: int
    """The position of the first of them in the order of the run, from 1."""
    size: int
    """Users of the run."""
    parts: int
    answers: tuple[Answer, ...]
    total: int
    """Answers that match the query, on all pages."""
    asked: int
    """Items asked about."""
    pages: int
    query: JudgingQuery

    @property
    def table(self) -> Table:
        """Answers and scores by ratio, as reports show tables."""
        return user_simulation.confusion_table(self.confusions)


async def read(data: InjectedData, run: RequestedRun, query: Annotated[JudgingQuery, Query()]) -> JudgingPage:
    """Answers of the user agent about the items its users went on to, and others; some hundred users at a time."""
    first, results = (query.part - 1) * USERS_PER_PART, await data.results(run)
    users = results.position[(results.position >= first) & (results.position < first + USERS_PER_PART)]
    judged = JudgedAnswers(users, await run.judged_columns(first, first + USERS_PER_PART - 1))
    matches = np.flatnonzero(_matches(judged, query)).tolist()
    users_of_matches = len(np.unique(judged.columns.position[matches]))
    size = PAGE_SIZE if len(matches) >= 3 * users_of_matches else SMALL_PAGE_SIZE
    return JudgingPage(
        run=run.name,
        kind=RunKindView.from_config(run.config),
        confusions=tuple(judged.confusion_by_ratio(run.config)),
        ranks=tuple(judged.by_rank()),
        users=len(users),
        first=first + 1,
        size=run.session_count,
        parts=page_count(run.session_count, USERS_PER_PART),
        answers=await _answers(run, judged, page_rows(matches, query.page, size)),
        total=len(matches),
        asked=len(judged.columns.position),
        pages=page_count(len(matches), size),
        query=query,
    )


def _matches(judged: JudgedAnswers, query: JudgingQuery) -> NDArray[np.bool_]:
    columns = judged.columns
    shown: Mapping[Show, NDArray[np.bool_]] = {
        "": np.ones_like(columns.label),
        "found": columns.label & columns.yes,
        "missed": columns.label & columns.answered & ~columns.yes,
        "wrongly": ~columns.label & columns.yes,
        "refused": ~columns.label & columns.answered & ~columns.yes,
        "unanswered": ~columns.answered,
    }
    return shown[query.show] & (True if query.rank is None else judged.ranks == query.rank)


async def _answers(run: Run, judged: JudgedAnswers, indices: Sequence[int]) -> tuple[Answer, ...]:
    """In words, from the transcripts of their sessions."""
    columns = judged.columns
    positions = [int(columns.position[index]) for index in indices]
    sessions = {row.position: row.session for row in await run.sessions_at(sorted(set(positions)))}
    transcripts = await run.transcripts(list(sessions.values()))
    return tuple(
        _answer(_turn(transcripts[sessions[position]], int(columns.number[index])), int(judged.ranks[index]))
        for position, index in zip(positions, indices, strict=True)
    )


def _turn(transcript: Transcript, number: int) -> TurnRecord:
    return next(turn for turn in transcript.record.judged if turn.key.round == number)


def _answer(turn: TurnRecord, rank: int) -> Answer:
    return Answer(
        session=turn.key.subject,
        anchor=turn_anchor(Phase.JUDGE, turn.key.round, Role.USER, 0),
        number=turn.key.round,
        item=turn.item,
        label=bool(turn.label),
        decision=turn.decision,
        outcome=turn.outcome,
        reason=turn.reason,
        score=turn.score,
        rank=rank or None,
    )


def charts(page: JudgingPage, urls: Urls) -> tuple[Chart, ...]:
    """Scores by ratio, and the answers by rank of the reward score; none before the first answer."""
    return tuple(_charts(page, urls)) if page.asked else ()


def _charts(page: JudgingPage, urls: Urls) -> Iterator[Chart]:
    scores = {
        "precision": [(row.ratio, row.precision) for row in page.confusions],
        "recall": [(row.ratio, row.recall) for row in page.confusions],
        "F1": [(row.ratio, row.f1) for row in page.confusions],
    }
    series = [
        Series(name, [Point(ratio, score.value, score.ci95) for ratio, score in by_ratio], kind="bar")
        for name, by_ratio in scores.items()
    ]
    yield Chart("scores", "Precision, recall and F1, mean over users", "wanted : unwanted", "score", series)
    if not page.ranks:
        return
    part = {} if page.query.part == 1 else {"part": page.query.part}
    shares: dict[str, list[Point]] = {"share of yes": [], "share of wanted items": []}
    for row in page.ranks:
        link = urls.judging(page.run, {**part, "rank": row.rank}) if urls.interactive else ""
        for points, share in zip(shares.values(), (row.yes, row.wanted), strict=True):
            points.append(Point(row.rank, share.value, share.ci95, link))
    title = "Yes and wanted items, by rank of the reward score"
    x = "rank among the user's items, 1 is the highest score"
    yield Chart("ranks", title, x, "share", [Series(*named) for named in shares.items()], unit="share")
