"""The difference of two proportions over different users: two studies side by side, one of them known by its counts."""

from math import sqrt

from afl.metrics.intervals import Estimate, wilson


def newcombe(hits: int, n: int, other_hits: int, other_n: int) -> Estimate:
    """The first proportion minus the second with its 95 % interval; its n is the smaller of the two.

    With Wilson's intervals (l1, u1) and (l2, u2) of the proportions p1 and p2, and d = p1 - p2:

        d - √((p1 - l1)² + (u2 - p2)²)   to   d + √((u1 - p1)² + (p2 - l2)²)

    Where both studies are over the same users the interval is wider than need be: what they have in common is not
    known.        Newcombe 1998, Statistics in Medicine 17, 873-890, method 10
    """
    one, two = wilson(hits, n), wilson(other_hits, other_n)
    difference = one.value - two.value
    below = sqrt((one.value - one.ci95[0]) ** 2 + (two.ci95[1] - two.value) ** 2)
    above = sqrt((one.ci95[1] - one.value) ** 2 + (two.value - two.ci95[0]) ** 2)
    return Estimate(difference, (difference - below, difference + above), min(n, other_n))
