"""Are judged items what their labels say: wanted ones held out, unwanted ones untouched?"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from simulations.analysis.audit_check import Check, Verdict, not_checked

NAME = "judged"


class JudgedItemsOfUser(NamedTuple):
    """The items one user is asked about, and what the agents may know of the user."""

    wanted: Sequence[object]
    unwanted: Sequence[object]
    shown: Collection[object]
    """History, target and candidates of the dialogue before."""
    touched: Collection[object]
    """All items the user is known to have interacted with."""


def check_judged(users: Sequence[JudgedItemsOfUser]) -> Check:
    """Nobody is asked about an item twice, or as unwanted about one they touched or met before.

    A wanted item that the agents have met in the history is counted and allowed: the user came back to it.
    """
    if not users:
        return not_checked(NAME, "Nothing is judged.")
    numbers = {
        "n": len(users),
        "an_item_twice": sum(len({*one.wanted, *one.unwanted}) < _item_count(one) for one in users),
        "unwanted_touched": sum(bool({*one.unwanted} & {*one.touched}) for one in users),
        "unwanted_shown": sum(bool({*one.unwanted} & {*one.shown}) for one in users),
        "not_held_out": sum(not {*one.wanted} <= {*one.touched} for one in users),
        "wanted_shown": sum(bool({*one.wanted} & {*one.shown}) for one in users),
    }
    return Check(NAME, *_verdict(numbers), numbers)


def _item_count(one: JudgedItemsOfUser) -> int:
    return len(one.wanted) + len(one.unwanted)


def _verdict(numbers: dict[str, int]) -> tuple[Verdict, str]:
    n = numbers["n"]
    faults = {
        "an_item_twice": "are asked about an item twice",
        "unwanted_touched": "are asked about an item they touched as if they did not want it",
        "unwanted_shown": "have met an unwanted item in the dialogue before",
        "not_held_out": "are asked about a wanted item that is not theirs",
    }
    for key, fault in faults.items():
        if numbers[key]:
            return Verdict.BROKEN, f"{numbers[key]} of {n} users {fault}."
    back = numbers["wanted_shown"]
    allowed = f"; {back} of them come back to an item of their past" if back else ""
    return Verdict.OK, f"Each of {n} users judges held-out items among untouched ones{allowed}."
