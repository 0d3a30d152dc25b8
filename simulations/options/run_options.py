"""What a user may say about a simulation, and what of it determines the results."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from afl.data.candidates import Position
from afl.data.dataset import Split
from afl.data.judged_items import ITEMS_PER_USER, Ratio
from afl.errors import UsageError

CandidatesFrom = Literal["seeded", "reference", "source"]
SplitName = Literal["test", "valid", "train", "all"]
Protocol = Literal["dialogue", "zero-shot", "choice", "shortlist", "ranking", "hints", "exploration"]

NONE = "none"
"""The name that switches a recommender or reward model off."""
LLM = "llm"
"""The name of the language model where it is to recommend by itself: without a recommender, as `none`."""

ZERO_SHOT = "zero-shot"
"""The protocol of `llm` as a base model, and the name of the agent that is asked."""

LISTED = 5
"""How many candidates the recommendation agent lists, where it lists any and nothing else is said."""

# fmt: off
FIRST = frozenset({
    "dataset", "llm", "rounds", "candidates", "candidates_from", "seed", "split", "sessions", "recommender", "reward",
    "tools", "user_sees_candidates",
})
# fmt: on
"""Options that every run's configuration holds; later ones are left out at their default, so that old runs go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
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
    """How the other candidates are drawn: from seed and session, as the published code draws them, or not at all,
    because the data set's source brought its lists."""
    seed: int = 303
    """The study's seed: candidate lists and the order of sessions. Models have their own."""
    split: SplitName = "test"
    sessions: int | None = None
    """The first so many sessions, in an order seeded by `seed`; None for all."""
    sessions_seed: int | None = None
    """Seeds that order in place of `seed`, so that studies of several seeds are about the same sessions."""
    recommender: str = "sasrec"
    """The recommendation agent's model, `NAME[:ARG]`, or `none`: the language model by itself."""
    reward: str = "sasrec"
    """The user agent's reward model, `NAME[:ARG]`, or `none`."""
    tools: tuple[str, ...] = ()
    """Further recommender tools, `NAME[:ARG]`, in this order."""
    user_sees_candidates: bool = True
    """Whether the user agent is asked if the item is the best of the list, or (False) just judges it."""
    user: bool = True
    """Whether there is a user agent; without one a dialogue is one recommendation."""
    train_on: str | None = None
    """The data set that models learn from, over the same catalogue; None for the sessions' own, or one that fits."""
    ratios: tuple[str, ...] = ()
    """What the user agent judges after the dialogue, wanted to unwanted (`1:3`); empty for nothing."""
    items: int = ITEMS_PER_USER
    """How many items a user judges at each ratio; half of them are held out of every sequence."""
    loop: bool = True
    """Whether there is a dialogue at all, or only the judging, without a memory."""
    target_position: Position = "random"
    """Where the target stands in its candidate list: as the list was shuffled, or moved to one end."""
    protocol: Protocol = "dialogue"
    """Who says what: the two agents in rounds; the language model one plain question, without a part to play
    (`zero-shot`); the user agent choosing among the candidates (`choice`); the recommendation agent listing some, of
    which the user agent chooses (`shortlist`), or nobody does (`ranking`); the same list once without a hint and once
    with each hint of a knowledge base (`hints`), or with hints drawn from lists that went wrong (`exploration`)."""
    listed: int = LISTED
    """How many candidates the recommendation agent lists, where it lists any."""
    hints: str | None = None
    """The knowledge base whose hints are tried on every session (protocol `hints`)."""

    def __post_init__(self) -> None:
        at_least("rounds", self.rounds, 1)
        if not self.user and self.rounds != 1:
            raise UsageError(f"--rounds: got {self.rounds}, expected 1: without a user agent there is one round")
        at_least("candidates", self.candidates, 2)
        if self.sessions is not None:
            at_least("sessions", self.sessions, 1)
        _one_of("candidates-from", self.candidates_from, ("seeded", "reference", "source"))
        _one_of("split", self.split, (*Split, "all"))
        at_least("items", self.items, 2)
        self.judged_ratios()
        if self.ratios and not self.user:
            raise UsageError("--ratio: items are judged by a user agent, and there is none with --no-user")
        _one_of("target-position", self.target_position, ("random", "first", "last"))
        self._check_protocol()
        if not self.ratios and not self.loop:
            raise UsageError("nothing to do: without a dialogue there must be something to judge")

    def _check_protocol(self) -> None:
        _one_of("protocol", self.protocol, get_args(Protocol))
        if (self.protocol == "hints") != (self.hints is not None):
            raise UsageError("hints: expected a knowledge base with protocol 'hints', and with no other")
        if self.protocol == "dialogue":
            return
        if self.rounds != 1 or self.ratios:
            raise UsageError(f"protocol {self.protocol!r} is one round without anything to judge: say rounds=1")
        if self.protocol == ZERO_SHOT:
            return
        if not 1 <= self.listed <= self.candidates:
            raise UsageError(
                f"--listed: got {self.listed}, expected 1 to {self.candidates}, the number of candidates"
            )

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits whose sessions are simulated, in stored order."""
        return tuple(Split) if self.split == "all" else (Split(self.split),)

    @property
    def held_out(self) -> int:
        """Items kept back at the end of each sequence: as many as any ratio can want."""
        return self.items // 2 if self.ratios else 0

    def judged_ratios(self) -> tuple[Ratio, ...]:
        """The ratios in numbers. Raises `UsageError` for one that does not divide the items."""
        return tuple(Ratio.parse(ratio, items=self.items) for ratio in self.ratios)

    def configuration(self) -> dict[str, Any]:
        """Every option as JSON; one that came later only where something else than its default was chosen."""
        unchanged = [field.name for field in fields(self) if getattr(self, field.name) == field.default]
        said = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {key: value for key, value in said.items() if key in FIRST or key not in unchanged}

    @classmethod
    def given(cls, said: Mapping[str, Any], *, recorded: Mapping[str, Any] | None = None) -> Self:
        """What was said, over what a recorded run was started with, over the defaults.

        `said` maps field names to values, None meaning not said; a recommender `llm` is none beside the language
        model. Raises `UsageError` for a missing data set or model.
        """
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in (recorded or {}).items() if key in known}
        values |= {key: value for key, value in said.items() if value is not None}
        for required in ("dataset", "llm"):
            if required not in values:
                raise UsageError(f"--{required} is missing: a new run needs a data set and a language model")
        if not values.get("user", True) or values.get("protocol", "dialogue") != "dialogue":
            values.setdefault("rounds", 1)
        if values.get("recommender") == LLM:
            values["recommender"] = NONE
        for several in ("tools", "ratios"):
            values[several] = tuple(values.get(several, ()))
        return cls(**values)


def at_least(option: str, value: int, least: int) -> None:
    """Raises `UsageError` for a value below the least that makes sense."""
    if value < least:
        raise UsageError(f"--{option}: got {value}, expected at least {least}")


def _one_of(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"--{option}: got {value!r}, expected one of: {', '.join(choices)}")
