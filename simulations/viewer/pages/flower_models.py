"""All Flower models: language models tuned on titles."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from afl.flower.model_store import StoredModel, stored_models
from simulations.viewer import flowers
from simulations.viewer.data_access import Reading
from simulations.viewer.flowers import Number


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
    numbers: tuple[Number, ...]
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
    return Table(task, {key: label for key, label in flowers.LABELS.items() if key in there}, lines)


async def read(reading: Reading) -> FlowerModelsPage:
    """Flower models, each with what its latest evaluation says."""
    return await asyncio.to_thread(_page, reading.flower)


def _page(root: Path) -> FlowerModelsPage:
    lines = map(_line, stored_models(root))
    return FlowerModelsPage(tuple(sorted(lines, key=lambda line: (line.task, line.about, line.name))))


def _line(kept: StoredModel) -> FlowerModelLine:
    training, evaluation = flowers.training(kept), flowers.evaluated(kept)
    groups = flowers.groups(evaluation)
    return FlowerModelLine(
        name=kept.name,
        task=kept.task,
        about=flowers.about(kept),
        objective=flowers.objective(kept),
        finished=training.finished,
        steps=training.steps,
        counted=flowers.counted(evaluation),
        numbers=flowers.numbers(evaluation),
        gaps=() if groups is None else groups.gaps,
    )
