"""What a run is: not every run is a dialogue, and not every page has something to say about every run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from afl.llm.language_model import is_stand_in
from simulations.options.run_options import recommends


@dataclass(frozen=True, slots=True)
class RunKind:
    """Read from the configuration that the run was begun with."""

    protocol: str
    """Who says what: `dialogue`, `choice`, `shortlist`, `ranking`, `hints`."""
    recommends: bool
    """Whether its sessions have a recommendation that can be a hit."""
    judges: bool
    """Whether the user agent was asked about items of the user-simulation task."""
    stand_in: bool
    """Whether its language model is the offline one."""
    hints: str | None
    """The knowledge base whose hints were tried."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        protocol = str(config.get("protocol", "dialogue"))
        return cls(
            protocol=protocol,
            recommends=recommends(config),
            judges=bool(config.get("ratios")),
            stand_in=is_stand_in(str(config.get("llm_name", ""))),
            hints=config.get("hints"),
        )
