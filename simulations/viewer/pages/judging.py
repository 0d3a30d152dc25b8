"""The user-simulation task: what the user agent answered about every item, and how often it was right."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import Query
from numpy.typing import NDArray
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from afl.types import Phase, Role
from memory.records import Transcript, TurnRecord
from memory.run import Run
from simulations.analysis.judged_answers import Confusion, JudgedAnswers, RankShares
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import InjectedData, RequestedRun, RunKindView
from simulations.viewer.session_filter import none_if_empty
from simulations.viewer.urls import Urls, turn_anchor

PAGE_SIZE, SMALL_PAGE_SIZE = 25, 8
"""Answers on a page; few where nearly each is another user's, whose transcript has to be read for it."""
USERS_PER_PART = 500
"""Users that are counted together: so many are counted while one waits."""

Show = Literal["", "found", "missed", "wrongly", "refused", "unanswered"]


class JudgingQuery(BaseModel):
    """What may stand behind the ? of the page."""

    model_config = ConfigDict(extra="forbid")

    show: Show = ""
    """Answers: `found` (yes to a wanted item), `missed` (no to it), `wrongly` (yes to another), `refused`."""
    rank: Annotated[int | None, BeforeValidator(none_if_empty), Field(ge=1, le=4095)] = None
    """Answers about the items of this rank by reward score."""
    part: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    """The first five hundred users, the second, ..."""
    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1

    @property
    def parameters(self) -> dict[str, str | int]:
        """Which answers, as the query of an address."""
        values: dict[str, Any] = {"show": self.show, "rank": self.rank, "part": self.part if self.part > 1 else ""}
        return {name: value for name, value in values.items() if value not in (None, "")}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer about one item."""

    session: str
    anchor: str
    """Of its turn in the dialogue."""
    number: int
    """The item's place among those of its user, from 1; wanted items come first."""
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
    """Those counted here."""
    first: int
    """The place of the first one of them in the order of the run, from 1."""
    size: int
    """Users of the run."""
    parts: int
    answers: tuple[Answer, ...]
    total: int
    """Answers that are like that, on all pages."""
    asked: int
    """Items asked about."""
    pages: int
    query: JudgingQuery


async def read(data: InjectedData, run: RequestedRun, query: Annotated[JudgingQuery, Query()]) -> JudgingPage:
    """Answers of the user agent about the items its users went on to, and others; some hundred users at a time."""
    first, results = (query.part - 1) * USERS_PER_PART, await data.results(run)
    users = results.position[(results.position >= first) & (results.position < first + USERS_PER_PART)]
    judged = JudgedAnswers(users, await run.judged_columns(first, first + USERS_PER_PART - 1))
    wanted = np.flatnonzero(_wanted(judged, query))
    of_users = len(np.unique(judged.columns.position[wanted]))
    size = PAGE_SIZE if len(wanted) >= 3 * of_users else SMALL_PAGE_SIZE
    here = wanted[(query.page - 1) * size : query.page * size]
    return JudgingPage(
        run=run.name,
        kind=RunKindView.from_config(run.config),
        confusions=tuple(judged.confusion_by_ratio(run.config)),
        ranks=tuple(judged.by_rank()),
        users=len(users),
        first=first + 1,
        size=run.session_count,
        parts=max(1, -(-run.session_count // USERS_PER_PART)),
        answers=await _answers(run, judged, here),
        total=len(wanted),
        asked=len(judged.columns.position),
        pages=max(1, -(-len(wanted) // size)),
        query=query,
    )


def _wanted(judged: JudgedAnswers, query: JudgingQuery) -> NDArray[np.bool_]:
    said = judged.columns
    shown: Mapping[Show, NDArray[np.bool_]] = {
        "": np.ones_like(said.label),
        "found": said.label & said.yes,
        "missed": said.label & said.answered & ~said.yes,
        "wrongly": ~said.label & said.yes,
        "refused": ~said.label & said.answered & ~said.yes,
        "unanswered": ~said.answered,
    }
    return shown[query.show] & (True if query.rank is None else judged.ranks == query.rank)


async def _answers(run: Run, judged: JudgedAnswers, chosen: NDArray[np.int64]) -> tuple[Answer, ...]:
    """In words, out of the transcripts of their sessions."""
    said = judged.columns
    places = said.position[chosen].tolist()
    names = {row.position: row.session for row in await run.sessions_at(sorted(set(places)))}
    found = await run.transcripts(list(names.values()))
    return tuple(
        _answer(_turn(found[names[place]], int(said.number[at])), int(judged.ranks[at]))
        for place, at in zip(places, chosen.tolist(), strict=True)
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
    """Those that have something to say about this run."""
    return tuple(_charts(page, urls)) if page.asked else ()


def _charts(page: JudgingPage, urls: Urls) -> Iterator[Chart]:
    scores = [("precision", "precision"), ("recall", "recall"), ("F1", "f1")]
    series = [
        Series(
            name,
            [Point(one.ratio, (found := getattr(one, field)).value, found.ci95) for one in page.confusions],
            kind="bar",
        )
        for name, field in scores
    ]
    yield Chart("scores", "Precision, recall and F1, mean over users", "wanted : unwanted", "score", series)
    if page.ranks:
        part = {key: value for key, value in page.query.parameters.items() if key == "part"}
        link = {
            one.rank: urls.judging(page.run, {**part, "rank": one.rank}) if urls.interactive else ""
            for one in page.ranks
        }
        yes = [Point(one.rank, one.yes.value, one.yes.ci95, link[one.rank]) for one in page.ranks]
        wanted = [Point(one.rank, one.wanted.value, one.wanted.ci95, link[one.rank]) for one in page.ranks]
        shares = [Series("share of yes", yes), Series("share of wanted items", wanted)]
        title = "Yes and wanted items, by rank of the reward score"
        yield Chart(
            "ranks", title, "rank among the user's items, 1 is the highest score", "share", shares, unit="share"
        )
