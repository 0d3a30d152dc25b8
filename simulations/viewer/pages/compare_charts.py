"""The charts of a comparison: how the runs went round by round, and how far they are apart."""

from collections.abc import Iterator

from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.links import Links
from simulations.viewer.pages.compare import ComparePage

LETTERS = "ABCDEF"
"""What runs are called for short, in the order asked for."""


def charts(page: ComparePage, links: Links) -> tuple[Chart, ...]:
    """Those that have something to say about these runs."""
    return tuple(_charts(page, links)) if page.recommends else ()


def _charts(page: ComparePage, links: Links) -> Iterator[Chart]:
    series = [
        Series(
            f"{letter}: {run.name}",
            [
                Point(
                    one.round,
                    one.hit_rate.value,
                    one.hit_rate.ci95,
                    links.sessions(run.name, {"hit_after": one.round}),
                )
                for one in run.rounds
            ],
        )
        for letter, run in zip(LETTERS, page.runs, strict=False)
    ]
    yield Chart("hit-rate", "Hit rate after each round", "round", "hit rate @1", series)
    letters = {run.name: letter for letter, run in zip(LETTERS, page.runs, strict=False)}
    points = [
        Point(
            f"{letters[pair.b]} − {letters[pair.a]}",
            pair.difference,
            pair.ci95,
            links.compare([pair.a, pair.b]) if len(page.runs) > 2 else "",
        )
        for pair in page.pairs
    ]
    title = "Differences of the hit rates, with 95 % intervals"
    yield Chart("differences", title, "runs", "difference", [Series("difference", points, kind="points")])
