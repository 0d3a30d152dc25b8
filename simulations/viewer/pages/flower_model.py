"""A Flower model: how it was trained, and what it makes of its target or of popularity groups."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from afl.flower.model_store import StoredModel, stored_models
from afl.flower.stored_evaluation import Evaluation, GroupShares, TitleShares
from afl.suggestions import unknown_name
from simulations.analysis import flower_numbers
from simulations.analysis.flower_numbers import EvaluationNumber, TrainingProgress
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import InjectedData
from simulations.viewer.pages.flower_models import MAX_TITLE_LENGTH
from simulations.viewer.urls import Urls, decode_segment

PAGE_SIZE = 50
CHART_TITLES = 200
"""Titles in the chart: the first ones of the target."""


class FlowerQuery(BaseModel):
    """What may stand behind the ? of the page."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["target", "gap"] = "target"
    """Titles by their share of the target, or by how far the result is from it."""
    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Of the titles."""

    @property
    def parameters(self) -> dict[str, str | int]:
        """The order, as the query of an address."""
        return {} if self.order == "target" else {"order": self.order}


@dataclass(frozen=True, slots=True)
class TitleLine:
    """A title of the target."""

    rank: int
    """By its share of the target, from 1."""
    title: str
    target: float
    """Its share."""
    count: int
    """How often it was drawn."""
    drawn: float
    """Its share of what was drawn."""
    exact: float | None
    """The model's own probability."""

    @property
    def gap(self) -> float:
        return self.drawn - self.target


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A popularity group of titles."""

    group: int
    """From 1, the most popular."""
    history: float
    """Its share of training histories."""
    recommended: float
    """Its share of what is recommended."""
    gap: float


@dataclass(frozen=True, slots=True)
class FlowerModelPage:
    name: str
    task: str
    about: str
    """The data set, or the file of the target."""
    objective: str
    config: Mapping[str, Any]
    log: Mapping[str, Any]
    """How training went, without the curve."""
    training: TrainingProgress
    evaluated: bool
    counted: int | None
    """Draws or users it was evaluated on."""
    numbers: tuple[EvaluationNumber, ...]
    settings: Mapping[str, Any]
    """What else determined the evaluation."""
    groups: tuple[GroupLine, ...]
    """Of a model of next items."""
    first: tuple[TitleLine, ...]
    """Of a distribution: the first titles of the target."""
    titles: tuple[TitleLine, ...]
    """Those of the page asked for."""
    total: int
    """Titles of the target."""
    pages: int
    query: FlowerQuery


async def read(data: InjectedData, model: str, query: Annotated[FlowerQuery, Query()]) -> FlowerModelPage:
    """A model with its training and its latest evaluation."""
    return await asyncio.to_thread(_page, data, decode_segment(model), query)


def _page(data: InjectedData, name: str, query: FlowerQuery) -> FlowerModelPage:
    kept = _named(data, name)
    evaluation = flower_numbers.evaluation_of(kept)
    titles = _titles(evaluation)
    ordered = titles if query.order == "target" else sorted(titles, key=lambda one: (-abs(one.gap), one.rank))
    return FlowerModelPage(
        name=kept.name,
        task=kept.task,
        about=flower_numbers.subject(kept),
        objective=flower_numbers.objective(kept),
        config=kept.config,
        log={key: value for key, value in (kept.log or {}).items() if key != "curve"},
        training=flower_numbers.training_progress(kept),
        evaluated=evaluation is not None,
        counted=flower_numbers.evaluated_count(evaluation),
        numbers=flower_numbers.numbers(evaluation),
        settings={} if evaluation is None else evaluation.settings,
        groups=_groups(flower_numbers.group_shares(evaluation)),
        first=tuple(titles[:CHART_TITLES]),
        titles=tuple(ordered[(query.page - 1) * PAGE_SIZE : query.page * PAGE_SIZE]),
        total=len(titles),
        pages=max(1, -(-len(titles) // PAGE_SIZE)),
        query=query,
    )


def _named(data: InjectedData, name: str) -> StoredModel:
    """Names come from an address: only those that are there are looked for."""
    known = {kept.name: kept for kept in stored_models(data.flower_folder)}
    if name not in known:
        raise unknown_name("Flower model", name, known)
    return known[name]


def _titles(evaluation: Evaluation | None) -> list[TitleLine]:
    """By their share of the target."""
    if evaluation is None or not isinstance(evaluation.shares, TitleShares):
        return []
    found, drawn = evaluation.shares, max(1, sum(evaluation.shares.drawn))
    exact = found.exact or (None,) * len(found.titles)
    order = sorted(range(len(found.titles)), key=lambda title: (-found.target[title], title))
    return [
        TitleLine(
            rank,
            found.titles[title],
            found.target[title],
            found.drawn[title],
            found.drawn[title] / drawn,
            exact[title],
        )
        for rank, title in enumerate(order, start=1)
    ]


def _groups(shares: GroupShares | None) -> tuple[GroupLine, ...]:
    if shares is None:
        return ()
    lines = zip(shares.history, shares.recommended, shares.gaps, strict=True)
    return tuple(GroupLine(group, *line) for group, line in enumerate(lines, start=1))


def charts(page: FlowerModelPage, urls: Urls) -> tuple[Chart, ...]:
    """Those that have something to say about this model."""
    return tuple(_charts(page))


def _charts(page: FlowerModelPage) -> Iterator[Chart]:
    if page.first:
        yield _distribution(page)
    if page.groups:
        yield _shares(page)
        yield _gaps(page)
    if page.training.curve:
        yield _curve(page)


def _distribution(page: FlowerModelPage) -> Chart:
    def points(values: list[tuple[TitleLine, float]]) -> list[Point]:
        return [Point(one.rank, value, tooltip=one.title[:MAX_TITLE_LENGTH]) for one, value in values]

    series = [Series("drawn from the model", points([(one, one.drawn) for one in page.first]), kind="points")]
    exact = [(one, one.exact) for one in page.first if one.exact is not None]
    if exact:
        series.append(Series("model probability", points(exact)))
    series.append(Series("target", points([(one, one.target) for one in page.first]), kind="level"))  # on top
    title = "Target and result"
    if page.total > len(page.first):
        title += f", the first {len(page.first):,} of {page.total:,} titles"
    return Chart("distribution", title, "title, by its share of the target", "share", series, "share")


def _shares(page: FlowerModelPage) -> Chart:
    series = [
        Series("histories", [Point(one.group, one.history) for one in page.groups], kind="bar"),
        Series("recommended", [Point(one.group, one.recommended) for one in page.groups], kind="bar"),
    ]
    return Chart(
        "groups",
        "Histories and recommendations, by group",
        "group, 1 is the most popular",
        "share",
        series,
        "share",
    )


def _gaps(page: FlowerModelPage) -> Chart:
    series = [Series("gap", [Point(one.group, one.gap) for one in page.groups], kind="bar")]
    return Chart(
        "gaps", "Recommended − histories, by group", "group, 1 is the most popular", "gap", series, "share"
    )


def _curve(page: FlowerModelPage) -> Chart:
    curve = page.training.curve
    series = [
        Series("training", [Point(one.step, one.loss) for one in curve]),
        Series("validation", [Point(one.step, one.validation) for one in curve]),
    ]
    positive = all(min(one.loss, one.validation) > 0 for one in curve)
    return Chart("training", "Loss", "step", "loss", series, log_scale=positive)
