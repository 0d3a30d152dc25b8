"""A Flower model: how it was trained, and what it makes of its target or of popularity groups."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from afl.flower.model_store import StoredModel, stored_models
from afl.flower.stored_evaluation import Evaluation, GroupShares, TitleShares
from afl.suggestions import unknown_name
from simulations.viewer import flowers
from simulations.viewer.data_access import Reading
from simulations.viewer.flowers import Number, Training
from simulations.viewer.links import unsegment

AT_ONCE = 50
DRAWN = 200
"""Titles in the chart: the first ones of the target."""


class FlowerQuery(BaseModel):
    """What may stand behind the ? of the page."""

    model_config = ConfigDict(extra="forbid")

    order: Literal["target", "gap"] = "target"
    """Titles by their share of the target, or by how far the result is from it."""
    page: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    """Of the titles."""

    @property
    def said(self) -> dict[str, str | int]:
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
    training: Training
    evaluated: bool
    counted: int | None
    """Draws or users it was evaluated on."""
    numbers: tuple[Number, ...]
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


async def read(reading: Reading, model: str, query: Annotated[FlowerQuery, Query()]) -> FlowerModelPage:
    """A model with its training and its latest evaluation."""
    return await asyncio.to_thread(_page, reading, unsegment(model), query)


def _page(reading: Reading, name: str, query: FlowerQuery) -> FlowerModelPage:
    kept = _named(reading, name)
    evaluation = flowers.evaluated(kept)
    titles = _titles(evaluation)
    ordered = titles if query.order == "target" else sorted(titles, key=lambda one: (-abs(one.gap), one.rank))
    return FlowerModelPage(
        name=kept.name,
        task=kept.task,
        about=flowers.about(kept),
        objective=flowers.objective(kept),
        config=kept.config,
        log={key: value for key, value in (kept.log or {}).items() if key != "curve"},
        training=flowers.training(kept),
        evaluated=evaluation is not None,
        counted=flowers.counted(evaluation),
        numbers=flowers.numbers(evaluation),
        settings={} if evaluation is None else evaluation.settings,
        groups=_groups(flowers.groups(evaluation)),
        first=tuple(titles[:DRAWN]),
        titles=tuple(ordered[(query.page - 1) * AT_ONCE : query.page * AT_ONCE]),
        total=len(titles),
        pages=max(1, -(-len(titles) // AT_ONCE)),
        query=query,
    )


def _named(reading: Reading, name: str) -> StoredModel:
    """Names come from an address: only those that are there are looked for."""
    known = {kept.name: kept for kept in stored_models(reading.flower)}
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
