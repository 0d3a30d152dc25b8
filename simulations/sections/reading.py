"""How to read the page: what its numbers are, in a few lines."""

from simulations.document.page import Facts, Section

_ROWS = (
    (
        "hit rate @1",
        "share of sessions whose final recommendation is the target among its candidates; failed sessions count as "
        "misses, and both ways of counting are shown",
    ),
    ("95 % interval", "Wilson's for proportions, bootstrapped over users for everything else"),
    ("p", "two-sided: exact McNemar test for hits, paired bootstrap over users for means"),
    ("p (Holm)", "adjusted for all comparisons of its table: a difference is told at .05 or below"),
    (
        "could be shown",
        "the smallest true difference that so many users show in four studies of five; a smaller one may well be there",
    ),
    (
        "precision, recall, F1",
        "means over users of their yes against the items they went on to; a user who never says yes has precision 0",
    ),
)


def section() -> Section:
    """The words of the page, explained."""
    return Section("How to read it", (Facts(_ROWS),))
