"""Are the candidate lists what they say: the target once, among items the user never touched?"""

from collections.abc import Sequence
from typing import NamedTuple

from afl.data.candidates import Method
from simulations.analysis.audit_check import Check, Verdict, not_checked

NAME = "lists"


class CandidateList(NamedTuple):
    """A candidate list, and what must or must not be on it; as items, or as titles where items are unknown."""

    candidates: Sequence[object]
    target: object
    touched: frozenset[object] = frozenset()
    """All items the user is known to have interacted with, perhaps with the target."""


def check_lists(lists: Sequence[CandidateList], *, method: Method) -> Check:
    """Every list holds its target once, nothing twice, and nothing the user touched.

    Lists drawn as the published code does (`reference`) leave out the shown history only: touched items on them are
    counted and allowed.
    """
    if not lists:
        return not_checked(NAME, "No session is recorded yet.")
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
    return Check(NAME, *_verdict(len(lists), absent, target_twice, twice, touched, method), numbers)


def _verdict(
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
