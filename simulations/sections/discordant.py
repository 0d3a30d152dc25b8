"""The sessions that tell the arms apart: hit by some, missed by others."""

from collections.abc import Mapping, Sequence

from simulations.analysis.hit_comparison import HitArm, discordant
from simulations.document.page import Section, Table, Text

LISTED = 60
"""Sessions shown per group; `afl compare A B --json` has all."""


def section(groups: Sequence[Sequence[HitArm]], targets: Mapping[str, str]) -> Section | None:
    """A table per group of several arms; None where there is none."""
    several = [arms for arms in groups if len(arms) > 1]
    if not several:
        return None
    return Section("Where they differ", tuple(_block(arms, targets) for arms in several))


def _block(arms: Sequence[HitArm], targets: Mapping[str, str]) -> Table | Text:
    found = discordant(arms)
    if not found:
        return Text("All arms hit and miss the same sessions.")
    sessions = f"{len(found):,} of {len(arms[0].hits):,} sessions"
    caption = f"{sessions} are hit by some arms and missed by others (✓ the target)"
    rows = [[session, targets[session], *(_cell(arm, session) for arm in arms)] for session in found]
    columns = ["session", "target", *(arm.label for arm in arms)]
    return Table.of(caption, columns, rows, most=LISTED, folded=True)


def _cell(arm: HitArm, session: str) -> str:
    if session not in arm.hits:
        return "(not recorded)"
    item = arm.items[session]
    return "(failed)" if item is None else f"✓ {item}" if arm.hits[session] else item
