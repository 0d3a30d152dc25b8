"""The charts of Flower models: target against result, fairness by group, and training."""

from collections.abc import Iterator

from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.links import Links
from simulations.viewer.pages.flower_model import FlowerModelPage, TitleLine
from simulations.viewer.pages.flower_models import FlowerModelsPage

BESIDE = 5
"""Models that a chart sets beside each other: there are no more colours."""
_SHOWN = 80


def of_models(page: FlowerModelsPage, links: Links) -> tuple[Chart, ...]:
    """For each data set the gaps of the models that recommend on it."""
    charts = []
    for place, (dataset, models) in enumerate(page.recommending.items(), start=1):
        series = [
            Series(
                one.name,
                [Point(group, gap, link=links.flower(one.name)) for group, gap in enumerate(one.gaps, start=1)],
                kind="bar",
            )
            for one in models[:BESIDE]
        ]
        title = f"{dataset[:_SHOWN]}: share of what is recommended less share of histories, by group"
        charts.append(Chart(f"gaps-{place}", title, "group, 1 is the most popular", "gap", series, unit="share"))
    return tuple(charts)


def of_model(page: FlowerModelPage, links: Links) -> tuple[Chart, ...]:
    """Those that have something to say about this model."""
    return tuple(_of_model(page))


def _of_model(page: FlowerModelPage) -> Iterator[Chart]:
    if page.first:
        yield _distribution(page)
    if page.groups:
        yield _shares(page)
        yield _gaps(page)
    if page.training.curve:
        yield _curve(page)


def _distribution(page: FlowerModelPage) -> Chart:
    def points(values: list[tuple[TitleLine, float]]) -> list[Point]:
        return [Point(one.rank, value, says=one.title[:_SHOWN]) for one, value in values]

    series = [Series("drawn from the model", points([(one, one.drawn) for one in page.first]), kind="points")]
    exact = [(one, one.exact) for one in page.first if one.exact is not None]
    if exact:
        series.append(Series("the model's own probability", points(exact)))
    series.append(Series("target", points([(one, one.target) for one in page.first]), kind="level"))  # on top
    title = "Target against result"
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
        "gaps", "Recommended less histories, by group", "group, 1 is the most popular", "gap", series, "share"
    )


def _curve(page: FlowerModelPage) -> Chart:
    curve = page.training.curve
    series = [
        Series("training", [Point(one.step, one.loss) for one in curve]),
        Series("validation", [Point(one.step, one.validation) for one in curve]),
    ]
    positive = all(min(one.loss, one.validation) > 0 for one in curve)
    return Chart("training", "Loss", "step", "loss", series, powers=positive)
