"""Flower models: the list of all, and one with its training and what it makes of its target or of popularity groups."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import Query

from afl.errors import unknown_name
from afl.flower.model_store import StoredModel, stored_models
from afl.flower.stored_evaluation import Evaluation, GroupShares, TitleShares, read_evaluation
from simulations.analysis import flower_numbers
from simulations.analysis.flower_numbers import EvaluationNumber, TrainingProgress
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import InjectedData
from simulations.viewer.queries import PageNumber, PageQuery, page_count, page_rows
from simulations.viewer.urls import Urls, decode_segment

PAGE_SIZE = 50
CHART_TITLES = 200
"""Titles in the chart: the first ones of the target."""
MAX_CHART_MODELS = 5
"""Models in one chart: there are no more colours."""
MAX_TITLE_LENGTH = 80
_GROUP_AXIS = "group, 1 is the most popular"


@dataclass(frozen=True, slots=True)
class FlowerModelLine:
    """A model in the list."""

    name: str
    task: str
    """`distribution` or `next-item`."""
    about: str
    """The data set, or the file of the target."""
    objective: str
    finished: bool
    steps: int | None
    counted: int | None
    """Draws or users it was evaluated on."""
    numbers: tuple[EvaluationNumber, ...]
    """Of its latest evaluation; empty without one."""
    gaps: tuple[float, ...]
    """By popularity group, the most popular first: share of what it recommends less share of histories."""


class Table(NamedTuple):
    """The models of a task."""

    task: str
    columns: Mapping[str, str]
    """Key -> label of the numbers that any of them has."""
    models: tuple[FlowerModelLine, ...]


@dataclass(frozen=True, slots=True)
class FlowerModelsPage:
    models: tuple[FlowerModelLine, ...]
    """By task, data set or target, and name."""

    @property
    def tables(self) -> list[Table]:
        """One per task."""
        return [_table(task, tuple(lines)) for task, lines in groupby(self.models, key=lambda line: line.task)]

    @property
    def recommending(self) -> dict[str, list[FlowerModelLine]]:
        """Data set -> the models of next items that were evaluated on it."""
        by_dataset: dict[str, list[FlowerModelLine]] = {}
        for model in self.models:
            if model.gaps:
                by_dataset.setdefault(model.about, []).append(model)
        return by_dataset


def _table(task: str, lines: tuple[FlowerModelLine, ...]) -> Table:
    keys = {number.key for line in lines for number in line.numbers}
    return Table(task, {key: label for key, label in flower_numbers.LABELS.items() if key in keys}, lines)


async def read_list(data: InjectedData) -> FlowerModelsPage:
    """Flower models, each with what its latest evaluation says."""
    return await asyncio.to_thread(_list_page, data.flower_folder)


def _list_page(root: Path) -> FlowerModelsPage:
    lines = map(_model_line, stored_models(root))
    return FlowerModelsPage(tuple(sorted(lines, key=lambda line: (line.task, line.about, line.name))))


def _model_line(model: StoredModel) -> FlowerModelLine:
    training, evaluation = flower_numbers.training_progress(model), read_evaluation(model)
    groups = flower_numbers.group_shares(evaluation)
    return FlowerModelLine(
        name=model.name,
        task=model.task,
        about=flower_numbers.subject(model),
        objective=flower_numbers.objective(model),
        finished=training.finished,
        steps=training.steps,
        counted=flower_numbers.evaluated_count(evaluation),
        numbers=flower_numbers.numbers(evaluation),
        gaps=() if groups is None else groups.gaps,
    )


def list_charts(page: FlowerModelsPage, urls: Urls) -> tuple[Chart, ...]:
    """For each data set the gaps of the models that recommend on it."""
    charts = []
    for number, (dataset, models) in enumerate(page.recommending.items(), start=1):
        series = [
            Series(
                model.name,
                [Point(group, gap, link=urls.flower(model.name)) for group, gap in enumerate(model.gaps, start=1)],
                kind="bar",
            )
            for model in models[:MAX_CHART_MODELS]
        ]
        title = f"{dataset[:MAX_TITLE_LENGTH]}: share of recommendations − share of histories, by group"
        charts.append(Chart(f"gaps-{number}", title, _GROUP_AXIS, "gap", series, unit="share"))
    return tuple(charts)


class FlowerQuery(PageQuery):
    """The query of a model's page."""

    order: Literal["target", "gap"] = "target"
    """Titles by their share of the target, or by how far the result is from it."""
    page: PageNumber = 1
    """Of the titles."""


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
    """Those of this page."""
    total: int
    """Titles of the target."""
    pages: int
    query: FlowerQuery


async def read_model(data: InjectedData, model: str, query: Annotated[FlowerQuery, Query()]) -> FlowerModelPage:
    """A model with its training and its latest evaluation."""
    return await asyncio.to_thread(_model_page, data.flower_folder, decode_segment(model), query)


def _model_page(root: Path, name: str, query: FlowerQuery) -> FlowerModelPage:
    model = _stored_model(root, name)
    evaluation = read_evaluation(model)
    titles = _titles(evaluation)
    by_gap = sorted(titles, key=lambda line: (-abs(line.gap), line.rank))
    return FlowerModelPage(
        name=model.name,
        task=model.task,
        about=flower_numbers.subject(model),
        objective=flower_numbers.objective(model),
        config=model.config,
        log={key: value for key, value in (model.log or {}).items() if key != "curve"},
        training=flower_numbers.training_progress(model),
        evaluated=evaluation is not None,
        counted=flower_numbers.evaluated_count(evaluation),
        numbers=flower_numbers.numbers(evaluation),
        settings={} if evaluation is None else evaluation.settings,
        groups=_groups(flower_numbers.group_shares(evaluation)),
        first=tuple(titles[:CHART_TITLES]),
        titles=tuple(page_rows(titles if query.order == "target" else by_gap, query.page, PAGE_SIZE)),
        total=len(titles),
        pages=page_count(len(titles), PAGE_SIZE),
        query=query,
    )


def _stored_model(root: Path, name: str) -> StoredModel:
    """The name comes from an address: no path is made of it, it is compared with the names there are."""
    models = {model.name: model for model in stored_models(root)}
    if name not in models:
        raise unknown_name("Flower model", name, models)
    return models[name]


def _titles(evaluation: Evaluation | None) -> list[TitleLine]:
    """By their share of the target."""
    if evaluation is None or not isinstance(evaluation.shares, TitleShares):
        return []
    shares = evaluation.shares
    draws = max(1, sum(shares.drawn))
    exact = shares.exact or (None,) * len(shares.titles)
    lines = zip(shares.titles, shares.target, shares.drawn, exact, strict=True)
    ordered = sorted(lines, key=lambda line: -line[1])
    return [
        TitleLine(rank, title, target, count, count / draws, probability)
        for rank, (title, target, count, probability) in enumerate(ordered, start=1)
    ]


def _groups(shares: GroupShares | None) -> tuple[GroupLine, ...]:
    if shares is None:
        return ()
    lines = zip(shares.history, shares.recommended, shares.gaps, strict=True)
    return tuple(GroupLine(group, *line) for group, line in enumerate(lines, start=1))


def model_charts(page: FlowerModelPage, urls: Urls) -> tuple[Chart, ...]:
    """The charts that this model has numbers for."""
    return tuple(_model_charts(page))


def _model_charts(page: FlowerModelPage) -> Iterator[Chart]:
    if page.first:
        yield _distribution(page)
    if page.groups:
        yield _shares(page.groups)
        yield _gaps(page.groups)
    if page.training.curve:
        yield _curve(page.training)


def _distribution(page: FlowerModelPage) -> Chart:
    def points(values: Sequence[tuple[TitleLine, float]]) -> list[Point]:
        return [Point(line.rank, value, tooltip=line.title[:MAX_TITLE_LENGTH]) for line, value in values]

    series = [Series("drawn from the model", points([(line, line.drawn) for line in page.first]), kind="points")]
    exact = [(line, line.exact) for line in page.first if line.exact is not None]
    if exact:
        series.append(Series("model probability", points(exact)))
    # The target comes last, to be drawn on top.
    series.append(Series("target", points([(line, line.target) for line in page.first]), kind="level"))
    title = "Target and result"
    if page.total > len(page.first):
        title += f", the first {len(page.first):,} of {page.total:,} titles"
    return Chart("distribution", title, "title, by its share of the target", "share", series, "share")


def _shares(groups: Sequence[GroupLine]) -> Chart:
    series = [
        Series("histories", [Point(line.group, line.history) for line in groups], kind="bar"),
        Series("recommended", [Point(line.group, line.recommended) for line in groups], kind="bar"),
    ]
    return Chart("groups", "Histories and recommendations, by group", _GROUP_AXIS, "share", series, "share")


def _gaps(groups: Sequence[GroupLine]) -> Chart:
    series = [Series("gap", [Point(line.group, line.gap) for line in groups], kind="bar")]
    return Chart("gaps", "Recommended − histories, by group", _GROUP_AXIS, "gap", series, "share")


def _curve(training: TrainingProgress) -> Chart:
    series = [
        Series("training", [Point(point.step, point.loss) for point in training.curve]),
        Series("validation", [Point(point.step, point.validation) for point in training.curve]),
    ]
    positive = all(min(point.loss, point.validation) > 0 for point in training.curve)
    return Chart("training", "Loss", "step", "loss", series, log_scale=positive)
