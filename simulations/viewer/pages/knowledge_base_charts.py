"""The charts of a knowledge base: what every hint does, and which ones policies pick."""

from collections.abc import Iterator

from simulations.viewer.charts import Chart, Point, Series
from simulations.viewer.links import Links
from simulations.viewer.pages.knowledge_base import BasePage


def charts(page: BasePage, links: Links) -> tuple[Chart, ...]:
    """Those that have something to say about this base."""
    return tuple(_charts(page))


def _charts(page: BasePage) -> Iterator[Chart]:
    texts = {hint.number: hint.text for hint in page.hints} if page.current else {}
    if page.effects:
        points = [
            Point(
                one.number,
                one.gain.value,
                one.gain.ci95,
                f"#hint-{one.number}" if one.number in texts else "",
                texts.get(one.number, "")[:120],
            )
            for one in page.effects
        ]
        series = [Series("gain", points, kind="points")]
        yield Chart("gains", f"Gain in NDCG@{page.k} over no hint, by hint", "hint", "gain", series)
    picked = [policy for policy in page.policies if policy.picks]
    if picked:
        series = [
            Series(
                policy.name,
                [
                    Point(number, count, link=f"#hint-{number}" if number in texts else "")
                    for number, count in (policy.picks or {}).items()
                ],
                kind="bar",
            )
            for policy in picked
        ]
        yield Chart(
            "picks",
            "Sessions for which policies pick each hint",
            "hint, 0 is none",
            "sessions",
            series,
            unit="count",
        )
