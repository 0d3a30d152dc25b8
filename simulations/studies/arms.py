"""What is compared: arms, each a name and the options it changes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from simulations.options.groups import NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One side of a comparison, with a run for every study seed."""

    name: str
    """As results and tests call it."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `RunOptions` that replace those of the study; None is the default."""
    suffix: str | None = None
    """What a named run adds to the study's name; the arm's name by default."""
    expected_findings: Collection[str] = ()
    """Checks of the audit that this arm fails on purpose, by name: `positions` where the study puts targets there."""

    def run_name(self, study: str, further_seed: int | None) -> str:
        """`STUDY-ARM`, or `STUDY-ARM-SEED` for any but the first seed."""
        parts = [study, self.suffix or self.name.replace(" ", "-")]
        return "-".join([*parts, *([] if further_seed is None else [str(further_seed)])])


AGENT_ALONE: Mapping[str, Any] = MappingProxyType(
    {"user": False, "rounds": None, "reward": NONE, "user_sees_candidates": None}
)
"""The recommendation agent, once: nothing that only a user agent meets, so the run stays the same whatever that is."""
