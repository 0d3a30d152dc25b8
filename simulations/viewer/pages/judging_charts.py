"""The charts of the user-simulation task."""

from collections.abc import Iterator

from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.links import Links
from simulations.viewer.pages.judging import JudgingPage


def charts(page: JudgingPage, links: Links) -> tuple[Chart, ...]:
    """Those that have something to say about this run."""
    return tuple(_charts(page, links)) if page.asked else ()


def _charts(page: JudgingPage, links: Links) -> Iterator[Chart]:
    scores = [("precision", "precision"), ("recall", "recall"), ("F1", "f1")]
    series = [
        Series(
            name,
            [Point(one.ratio, (found := getattr(one, field)).value, found.ci95) for one in page.confusions],
            kind="bar",
        )
        for name, field in scores
    ]
    yield Chart("scores", "Precision, recall and F1, mean over users", "wanted : not wanted", "score", series)
    if page.ranks:
        part = {key: value for key, value in page.query.said.items() if key == "part"}
        link = {
            one.rank: links.judging(page.run, {**part, "rank": one.rank}) if links.answers else ""
            for one in page.ranks
        }
        yes = [Point(one.rank, one.yes.value, one.yes.ci95, link[one.rank]) for one in page.ranks]
        wanted = [Point(one.rank, one.wanted.value, one.wanted.ci95, link[one.rank]) for one in page.ranks]
        shares = [Series("says yes", yes), Series("is wanted", wanted)]
        title = "Yes, and wanted, by the rank of the reward score"
        yield Chart(
            "ranks", title, "rank among the items of a user, 1 is the highest score", "share", shares, unit="share"
        )
