"""The kind of a run: which pages, columns and commands apply to it.

| protocol      | recommends | dialogue | lists | one list | hints |
|---------------|------------|----------|-------|----------|-------|
| `dialogue`    | yes        | yes      |       |          |       |
| ... judging alone (`loop` off) | |     |       |          |       |
| `zero-shot`   | yes        |          |       |          |       |
| `choice`      | yes        |          |       |          |       |
| `shortlist`   | yes        |          | yes   |          |       |
| `ranking`     | yes        |          | yes   | yes      |       |
| `hints`       |            |          |       |          | yes   |
| `exploration` |            |          |       |          | yes   |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, cast

from afl.llm.language_model import PerRole, is_stand_in
from afl.llm.sampling import is_structured
from afl.prompt_headings import HEADINGS, Headings
from agents.prompts.replacements import headings_of
from simulations.options.run_options import LISTED, Protocol


@dataclass(frozen=True, slots=True)
class RunKind:
    """Read from a run's configuration, whose keys are left out at their defaults."""

    protocol: Protocol
    """What the agents do, see `RunOptions.protocol`."""
    loop: bool
    """Whether there is anything before the judging."""
    judges: bool
    """Whether the user agent judges items of the user-simulation task."""
    stand_in: bool
    """Whether a language model is the offline one, whose numbers are not comparable to a published model's."""
    models: PerRole[str | None]
    """The name of the language model that each agent asks; None where none is recorded."""
    structured: PerRole[bool]
    """Whether each agent asks for JSON objects under a schema."""
    same_model: bool
    """Whether both agents ask the same model with the same options."""
    knowledge_base: str | None
    """Whose hints are tried on every session."""
    listed: int
    """Requested length of a list."""
    headings: Headings = HEADINGS
    """Those of the sections of its requests."""
    shows_attributes: bool = False
    """Whether attributes of items stand below titles."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The kind of a run with this configuration, recorded or about to start."""
        name = config.get("llm_name")
        models: PerRole[str | None] = PerRole(name, config.get("user_llm_name", name))
        parameters = config.get("llm_parameters", {})
        user_parameters = config.get("user_llm_parameters", parameters)
        return cls(
            protocol=cast(Protocol, config.get("protocol", "dialogue")),
            loop=bool(config.get("loop", True)),
            judges=bool(config.get("ratios")),
            stand_in=any(is_stand_in(model or "") for model in models.distinct),
            models=models,
            structured=PerRole(is_structured(parameters), is_structured(user_parameters)),
            same_model="user_llm_name" not in config,
            knowledge_base=config.get("hints"),
            listed=int(config.get("listed", LISTED)),
            headings=headings_of(config.get("prompt_texts", {})),
            shows_attributes=bool(config.get("show_attributes")),
        )

    @property
    def model_names(self) -> str | None:
        """The language model, or that of each agent, in words; None where none is recorded."""
        if self.same_model or self.models.recommendation is None:
            return self.models.recommendation
        other = "with other options" if len(self.models.distinct) == 1 else self.models.user
        return f"{self.models.recommendation}, user agent {other}"

    @property
    def recommends(self) -> bool:
        """Whether its sessions end with a recommendation, which can be a hit."""
        return self.loop and not self.tries_hints

    @property
    def has_dialogue(self) -> bool:
        """Whether the agents talk to each other, in rounds."""
        return self.loop and self.protocol == "dialogue"

    @property
    def lists(self) -> bool:
        """Whether the recommendation agent's answer is a list."""
        return self.protocol in ("shortlist", "ranking")

    @property
    def ranks(self) -> bool:
        """Whether that list is the result, without a choice by the user agent."""
        return self.protocol == "ranking"

    @property
    def tries_hints(self) -> bool:
        """Whether its sessions are lists without and with hints, of which none is the recommendation."""
        return self.protocol in ("hints", "exploration")
