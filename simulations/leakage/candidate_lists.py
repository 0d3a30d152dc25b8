"""Checks of candidate lists: the target once, among untouched items, and its position as random as it should be."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from afl.data.candidates import Method
from simulations.analysis.audit_check import Check, Verdict, not_checked

LISTS = "lists"
POSITIONS = "positions"
RARE = 0.001
"""A p-value below this is suspicious: one fair run in a thousand."""

_DRAWS = 9_999


class CandidateList(NamedTuple):
    """A candidate list, with what must and must not be on it: items, or titles where items are unknown."""

    candidates: Sequence[object]
    target: object
    touched: frozenset[object] = frozenset()
    """All items that the user interacted with, as far as the data set has them; may include the target."""


def check_lists(lists: Sequence[CandidateList], *, method: Method) -> Check:
    """Every list holds its target once, nothing twice, and nothing the user touched.

    Lists sampled as in the published code (`reference`) exclude the shown history only: touched items on them are
    counted and allowed.
    """
    if not lists:
        return not_checked(LISTS, "No session is recorded yet.")
    absent = sum(listed.target not in listed.candidates for listed in lists)
    target_twice = sum(listed.candidates.count(listed.target) > 1 for listed in lists)
    twice = sum(len(set(listed.candidates)) < len(listed.candidates) for listed in lists)
    touched = sum(bool(set(listed.candidates) & (listed.touched - {listed.target})) for listed in lists)
    numbers = {
        "n": len(lists),
        "without_target": absent,
        "target_twice": target_twice,
        "an_item_twice": twice,
        "with_touched_items": touched,
    }
    return Check(LISTS, *_lists_verdict(len(lists), absent, target_twice, twice, touched, method), numbers)


def _lists_verdict(
    n: int, absent: int, target_twice: int, twice: int, touched: int, method: Method
) -> tuple[Verdict, str]:
    if absent:
        return Verdict.BROKEN, f"{absent} of {n} lists lack their target."
    if target_twice:
        return Verdict.BROKEN, f"{target_twice} of {n} lists hold their target twice."
    if twice:
        return Verdict.BROKEN, f"{twice} of {n} lists hold an item twice."
    if touched and method != "reference":
        return Verdict.BROKEN, f"{touched} of {n} lists hold an item that the user has touched."
    allowed = f"; {touched} hold an item of the user's past, as the published code allows" if touched else ""
    return Verdict.OK, f"Each of {n} lists holds its target once{allowed}."


def check_positions(positions: Sequence[int], *, candidates: int) -> Check:
    """Chi-square test that the target is equally often at each position, counted from 0.

    p is the share of fair runs of this size that are at least as uneven, from 9,999 of them sampled with a fixed seed:
    the chi-square distribution itself fits only many sessions. Always the same position is broken as soon as chance
    gives that in less than one run in a thousand.
    """
    n = len(positions)
    if n < 2:
        return not_checked(POSITIONS, "One list alone says nothing about the positions of targets.")
    counts = np.bincount(np.asarray(positions), minlength=candidates)  # (N,)
    p = _p_value(counts)
    numbers = {"n": n, "counts": counts.tolist(), "chi_square": float(_chi_square(counts)), "p": p}
    if counts.max() == n and candidates ** (1 - n) < RARE:
        text = f"The target is number {int(counts.argmax()) + 1} of every one of {n} lists."
        return Check(POSITIONS, Verdict.BROKEN, text, numbers)
    if p < RARE:
        text = f"The target's positions in {n} lists are far from even (p = {p:.4f})."
        return Check(POSITIONS, Verdict.SUSPICIOUS, text, numbers)
    return Check(
        POSITIONS, Verdict.OK, f"The target's positions in {n} lists are as even as chance (p = {p:.2f}).", numbers
    )


def _p_value(counts: NDArray[np.int64]) -> float:
    draws = np.random.default_rng(0)
    size = len(counts)
    fair = draws.multinomial(int(counts.sum()), np.full(size, 1 / size), size=_DRAWS)  # (R, N)
    at_least = _chi_square(fair) >= _chi_square(counts) - 1e-9
    return float((1 + at_least.sum()) / (1 + _DRAWS))


def _chi_square(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """sum (observed - expected)² / expected, over the last axis."""
    expected = counts.sum(axis=-1, keepdims=True) / counts.shape[-1]
    squares: NDArray[np.float64] = ((counts - expected) ** 2 / expected).sum(axis=-1)
    return squares
