"""What a user may say about a simulation, and what of it determines the results."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, Self

from afl.data.dataset import Split
from afl.errors import UsageError

CandidatesFrom = Literal["seeded", "reference"]
SplitName = Literal["test", "valid", "train", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateOptions:
    """The options of `simulate` that determine its results; fixed when a run starts."""

    dataset: str
    """Name of an imported data set."""
    llm: str
    """`offline` or `openai:MODEL`."""
    rounds: int = 4
    """The most rounds a dialogue may take."""
    candidates: int = 20
    """Length of a candidate list, the target included."""
    candidates_from: CandidatesFrom = "seeded"
    """How the other candidates are drawn: from seed and session, or as the published code draws them."""
    seed: int = 303
    """The study's seed: candidate lists and the order of sessions. Models have their own."""
    split: SplitName = "test"
    sessions: int | None = None
    """The first so many sessions, in an order seeded by `seed`; None for all."""
    recommender: str = "sasrec"
    """The recommendation agent's model, `NAME[:ARG]`, or `none`."""
    reward: str = "sasrec"
    """The user agent's reward model, `NAME[:ARG]`, or `none`."""
    tools: tuple[str, ...] = ()
    """Further recommender tools, `NAME[:ARG]`, in this order."""
    user_sees_candidates: bool = True
    """Whether the user agent is asked if the item is the best of the list, or (False) just judges it."""
    user: bool = True
    """Whether there is a user agent; without one a dialogue is one recommendation."""

    def __post_init__(self) -> None:
        at_least("rounds", self.rounds, 1)
        if not self.user and self.rounds != 1:
            raise UsageError(f"--rounds: got {self.rounds}, expected 1: without a user agent there is one round")
        at_least("candidates", self.candidates, 2)
        if self.sessions is not None:
            at_least("sessions", self.sessions, 1)
        _one_of("candidates-from", self.candidates_from, ("seeded", "reference"))
        _one_of("split", self.split, (*Split, "all"))

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits whose sessions are simulated, in stored order."""
        return tuple(Split) if self.split == "all" else (Split(self.split),)

    @classmethod
    def given(cls, said: Mapping[str, Any], *, recorded: Mapping[str, Any] | None = None) -> Self:
        """What was said, over what a recorded run was started with, over the defaults.

        `said` maps field names to values, None meaning not said. Raises `UsageError` for a missing data set or model.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in (recorded or {}).items() if key in known}
        values |= {key: value for key, value in said.items() if value is not None}
        for required in ("dataset", "llm"):
            if required not in values:
                raise UsageError(f"--{required} is missing: a new run needs a data set and a language model")
        if not values.get("user", True):
            values.setdefault("rounds", 1)
        values["tools"] = tuple(values.get("tools", ()))
        return cls(**values)


def at_least(option: str, value: int, least: int) -> None:
    """Raises `UsageError` for a value below the least that makes sense."""
    if value < least:
        raise UsageError(f"--{option}: got {value}, expected at least {least}")


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"--{option}: got {value!r}, expected one of: {', '.join(choices)}")
