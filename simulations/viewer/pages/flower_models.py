"""All Flower models: language models tuned on titles."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from afl.flower.model_store import StoredModel, stored_models
from simulations.analysis import flower_numbers
from simulations.analysis.flower_numbers import EvaluationNumber
from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.data_access import InjectedData
from simulations.viewer.urls import Urls

MAX_CHART_MODELS = 5
"""Models in one chart: there are no more colours."""
MAX_TITLE_LENGTH = 80


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
    """By task, what they are about, and name."""

    @property
    def tables(self) -> list[Table]:
        """One per task."""
        return [_table(task, tuple(lines)) for task, lines in groupby(self.models, key=lambda line: line.task)]

    @property
    def recommending(self) -> dict[str, list[FlowerModelLine]]:
        """Data set -> the models of next items that were evaluated on it."""
        found: dict[str, list[FlowerModelLine]] = {}
        for one in self.models:
            if one.gaps:
                found.setdefault(one.about, []).append(one)
        return found


def _table(task: str, lines: tuple[FlowerModelLine, ...]) -> Table:
    there = {number.key for line in lines for number in line.numbers}
    return Table(task, {key: label for key, label in flower_numbers.LABELS.items() if key in there}, lines)


async def read(data: InjectedData) -> FlowerModelsPage:
    """Flower models, each with what its latest evaluation says."""
    return await asyncio.to_thread(_page, data.flower_folder)


def _page(root: Path) -> FlowerModelsPage:
    lines = map(_line, stored_models(root))
    return FlowerModelsPage(tuple(sorted(lines, key=lambda line: (line.task, line.about, line.name))))


def _line(kept: StoredModel) -> FlowerModelLine:
    training, evaluation = flower_numbers.training_progress(kept), flower_numbers.evaluation_of(kept)
    groups = flower_numbers.group_shares(evaluation)
    return FlowerModelLine(
        name=kept.name,
        task=kept.task,
        about=flower_numbers.subject(kept),
        objective=flower_numbers.objective(kept),
        finished=training.finished,
        steps=training.steps,
        counted=flower_numbers.evaluated_count(evaluation),
        numbers=flower_numbers.numbers(evaluation),
        gaps=() if groups is None else groups.gaps,
    )


def charts(page: FlowerModelsPage, urls: Urls) -> tuple[Chart, ...]:
    """For each data set the gaps of the models that recommend on it."""
    drawn = []
    for place, (dataset, models) in enumerate(page.recommending.items(), start=1):
        series = [
            Series(
                one.name,
                [Point(group, gap, link=urls.flower(one.name)) for group, gap in enumerate(one.gaps, start=1)],
                kind="bar",
            )
            for one in models[:MAX_CHART_MODELS]
        ]
        title = f"{dataset[:MAX_TITLE_LENGTH]}: share of recommendations − share of histories, by group"
        drawn.append(Chart(f"gaps-{place}", title, "group, 1 is the most popular", "gap", series, unit="share"))
    return tuple(drawn)
