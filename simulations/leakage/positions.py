"""Does the target's position in the list give it away?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulations.analysis.audit_check import Check, Verdict, not_checked

NAME = "positions"
RARE = 0.001
"""A p-value below this is suspicious: one fair run in a thousand."""

_DRAWS = 9_999


def check_positions(positions: Sequence[int], *, candidates: int) -> Check:
    """Chi-square test that the target is equally often at each position, counted from 0.

    p is the share of fair runs of this size that are at least as uneven, from 9,999 of them drawn with a fixed seed:
    the chi-square distribution itself fits only many sessions. Always the same position is broken as soon as chance
    gives that in less than one run in a thousand.
    """
    n = len(positions)
    if n < 2:
        return not_checked(NAME, "One list alone says nothing about where targets stand.")
    counts = np.bincount(np.asarray(positions), minlength=candidates)  # (N,)
    p = _p_value(counts)
    numbers = {"n": n, "counts": counts.tolist(), "chi_square": float(_chi_square(counts)), "p": p}
    if counts.max() == n and candidates ** (1 - n) < RARE:
        text = f"The target is number {int(counts.argmax()) + 1} of every one of {n} lists."
        return Check(NAME, Verdict.BROKEN, text, numbers)
    if p < RARE:
        text = f"The target's places in {n} lists are far from even (p = {p:.4f})."
        return Check(NAME, Verdict.SUSPICIOUS, text, numbers)
    return Check(
        NAME, Verdict.OK, f"The target's places in {n} lists are as even as chance (p = {p:.2f}).", numbers
    )


def _p_value(counts: NDArray[np.int64]) -> float:
    draws = np.random.default_rng(0)
    places = len(counts)
    fair = draws.multinomial(int(counts.sum()), np.full(places, 1 / places), size=_DRAWS)  # (R, N)
    at_least = _chi_square(fair) >= _chi_square(counts) - 1e-9
    return float((1 + at_least.sum()) / (1 + _DRAWS))


def _chi_square(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """sum (observed - expected)² / expected, over the last axis."""
    expected = counts.sum(axis=-1, keepdims=True) / counts.shape[-1]
    squares: NDArray[np.float64] = ((counts - expected) ** 2 / expected).sum(axis=-1)
    return squares
