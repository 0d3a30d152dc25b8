"""The options that determine the results of a run."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self, get_args

from afl.data.dataset import Split
from afl.data.judged_items import Ratio
from afl.errors import UsageError
from afl.llm.language_model import PerRole
from afl.llm.sampling import NO_FIELDS, NO_TEMPERATURE, FrozenJson, SamplingOptions
from afl.option import at_least, one_of
from afl.prompt_headings import HEADINGS, Headings
from simulations.options.groups import (
    LLM,
    NONE,
    SAMPLING_OPTIONS,
    AttributeOptions,
    CandidateOptions,
    CandidatesFrom,
    DatasetOptions,
    DialogueOptions,
    JudgedItemsOptions,
    LanguageModelOptions,
    ParticipantOptions,
    RecommenderOptions,
    RewardOptions,
    SessionOptions,
    SplitName,
    TargetPosition,
    ToolOptions,
    TrainingDataOptions,
)

if TYPE_CHECKING:
    from agents.prompts import Prompts
    from agents.prompts.texts import Use

Protocol = Literal["dialogue", "zero-shot", "choice", "shortlist", "ranking", "hints", "exploration"]

ZERO_SHOT = "zero-shot"
"""The protocol of `llm` as a base model, and the name of its agent."""

LISTED = 5
"""Default length of the list that the recommendation agent makes."""

FIRST = (
    "dataset",
    "llm",
    "rounds",
    "candidates",
    "candidates_from",
    "seed",
    "split",
    "sessions",
    "recommender",
    "reward",
    "tools",
    "user_sees_candidates",
)
"""Options that every configuration holds; options added later are left out at their default, so that earlier runs stay
the same runs."""

_OF_USER_MODEL = ("user_llm", "user_temperature", "user_llm_options")
"""Left out where the user agent asks the same model as the recommendation agent, with the same options."""
NO_USER_AGENT = "--user-llm, --user-temperature: there is no user agent here that would ask a model"


@dataclass(frozen=True, kw_only=True)
class RunOptions(
    DatasetOptions,
    LanguageModelOptions,
    CandidateOptions,
    SessionOptions,
    TrainingDataOptions,
    RecommenderOptions,
    RewardOptions,
    ToolOptions,
    DialogueOptions,
    AttributeOptions,
    ParticipantOptions,
    JudgedItemsOptions,
):
    """The options that determine the results of a run, fixed when it starts; names are keys of its configuration."""

    sessions_seed: int | None = None
    """Seeds the order of sessions in place of `seed`, so that studies of several seeds are about the same sessions."""
    llm_options: FrozenJson = NO_FIELDS
    """Further fields of the request's body."""
    user_llm_options: FrozenJson | None = None
    prompt_texts: FrozenJson = NO_FIELDS
    """Texts in place of built-in prompts, by name; only those that the run sends are part of its configuration."""
    show_attributes: tuple[str, ...] = ()
    """Attributes of items that are shown below titles, in this order."""
    tools: tuple[str, ...] = ()
    """Further recommender tools, `NAME[:ARG]`, in this order."""
    ratios: tuple[str, ...] = ()
    """Ratios of wanted to unwanted items that the user agent judges after the dialogue (`1:3`); empty for none."""
    loop: bool = True
    """Whether there is a dialogue before items are judged; without one, the user agent judges without a memory."""
    protocol: Protocol = "dialogue"
    """What the agents do.

    `dialogue`: rounds of recommendation and response. `zero-shot`: the language model answers one plain question,
    without a role. `choice`: the user agent chooses among the candidates. `shortlist`: the recommendation agent lists
    some, and the user agent chooses among them. `ranking`: the list alone. `hints`: the list once without a hint and
    once with each hint of a knowledge base. `exploration`: hints are derived from lists that miss the target.
    """
    listed: int = LISTED
    """Length of the list that the recommendation agent makes, if any."""
    hints: str | None = None
    """Name of the knowledge base whose hints are tried on every session (protocol `hints`)."""

    def __post_init__(self) -> None:
        self._settle_language_models()
        self._settle_prompts()
        at_least("rounds", self.rounds, 1)
        if not self.user and self.rounds != 1:
            raise UsageError(f"--rounds: got {self.rounds}, expected 1: without a user agent there is one round")
        at_least("candidates", self.candidates, 2)
        if self.sessions is not None:
            at_least("sessions", self.sessions, 1)
        one_of("candidates-from", self.candidates_from, get_args(CandidatesFrom))
        one_of("split", self.split, get_args(SplitName))
        at_least("items", self.items, 2)
        self.judged_ratios()
        if self.ratios and not self.user:
            raise UsageError("--ratio: items are judged by a user agent, and there is none with --no-user")
        one_of("target-position", self.target_position, get_args(TargetPosition))
        self._check_protocol()
        if not self.ratios and not self.loop:
            raise UsageError("nothing to do: without a dialogue, expected at least one --ratio")

    def _settle_language_models(self) -> None:
        """Equal options have equal values, however they were stated."""
        settled: dict[str, Any] = {"temperature": _stated(self.sampling), "llm_options": self.sampling.extra_body}
        if self.user_temperature is not None:
            settled["user_temperature"] = _stated(self.user_sampling)
        if self.user_llm_options is not None:
            settled["user_llm_options"] = FrozenJson(self.user_llm_options)
            if self.user_llm is None:
                raise UsageError("user_llm_options: expected with user_llm, the model that they are options of")
            for name in self.user_llm_options:
                one_of("user-llm-options", name, SAMPLING_OPTIONS)
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        if not self.user and (self.user_llm, self.user_temperature) != (None, None):
            raise UsageError(NO_USER_AGENT)
        _ = self.user_sampling  # raises for what cannot be

    def _settle_prompts(self) -> None:
        names = self.show_attributes
        parts = names.split(",") if isinstance(names, str) else names
        object.__setattr__(self, "show_attributes", tuple(filter(None, (name.strip() for name in parts))))
        if self.prompt_texts:
            from agents.prompts import Prompts

            texts = FrozenJson(Prompts.replacing(self.prompt_texts).replaced)
            object.__setattr__(self, "prompt_texts", texts)

    def _check_protocol(self) -> None:
        one_of("protocol", self.protocol, get_args(Protocol))
        if (self.protocol == "hints") != (self.hints is not None):
            raise UsageError("hints: expected a knowledge base with protocol 'hints', and with no other")
        if self.protocol == "dialogue":
            return
        if self.rounds != 1 or self.ratios:
            raise UsageError(f"protocol {self.protocol!r} is one round without items to judge: expected rounds=1")
        if self.protocol == ZERO_SHOT:
            return
        if not 1 <= self.listed <= self.candidates:
            raise UsageError(
                f"--listed: got {self.listed}, expected 1 to {self.candidates}, the number of candidates"
            )

    @property
    def prompts(self) -> "Prompts":
        """The prompts of the built-in agents."""
        from agents.prompts import Prompts

        return Prompts.load() if not self.prompt_texts else Prompts.replacing(texts_in_use(self))

    @property
    def headings(self) -> Headings:
        """The headings of their requests."""
        if not self.prompt_texts:
            return HEADINGS
        from agents.prompts.replacements import headings_of

        return headings_of(self.prompt_texts)

    @property
    def splits(self) -> tuple[Split, ...]:
        """The splits whose sessions are simulated, in stored order."""
        return tuple(Split) if self.split == "all" else (Split(self.split),)

    @property
    def held_out(self) -> int:
        """Items held out at the end of each sequence: as many as any ratio can need."""
        return self.items // 2 if self.ratios else 0

    def judged_ratios(self) -> tuple[Ratio, ...]:
        """The ratios in numbers. Raises `UsageError` for one that does not divide the items."""
        return tuple(Ratio.parse(ratio, items=self.items) for ratio in self.ratios)

    def configuration(self) -> dict[str, Any]:
        """Every option as JSON; options outside `FIRST` only where they differ from their default."""
        values = vars(self) | {"prompt_texts": FrozenJson(texts_in_use(self))}
        changed = [field.name for field in fields(self) if values[field.name] != field.default]
        if not self.has_user_model:
            changed = [name for name in changed if name not in _OF_USER_MODEL]
        names = dict.fromkeys((*FIRST, *changed))
        return {name: _to_json(values[name]) for name in names}

    @classmethod
    def resolve(cls, stated: Mapping[str, Any], *, recorded: Mapping[str, Any] | None = None) -> Self:
        """These options, over the configuration of a recorded run, over the defaults.

        `stated` maps field names to values; None counts as not stated. The recommender `llm`, the language model by
        itself, becomes `none`. Raises `UsageError` for a missing data set or model.
        """
        names = {field.name for field in fields(cls)}
        values = {name: value for name, value in (recorded or {}).items() if name in names}
        values |= {name: value for name, value in stated.items() if value is not None}
        for required in ("dataset", "llm"):
            if not values.get(required):
                raise UsageError(f"--{required} is missing: a new run needs a data set and a language model")
        if not values.get("user", True) or values.get("protocol", "dialogue") != "dialogue":
            values.setdefault("rounds", 1)
        if values.get("recommender") == LLM:
            values["recommender"] = NONE
        if not values.get("user", True):
            # The arms of a study that have no user agent do not depend on its model.
            values = {name: value for name, value in values.items() if name not in _OF_USER_MODEL}
        for name in ("tools", "ratios"):
            values[name] = tuple(values.get(name, ()))
        return cls(**values)


def _stated(sampling: SamplingOptions) -> float | str:
    return NO_TEMPERATURE if sampling.temperature is None else sampling.temperature


def _to_json(value: Any) -> Any:
    if isinstance(value, FrozenJson):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value


def texts_in_use(options: RunOptions) -> dict[str, str]:
    """Those of the replaced texts that a run with these options sends; others change nothing."""
    if not options.prompt_texts:
        return {}
    from agents.prompts.texts import names_in_use

    structured = PerRole(*(sampling.structured != "off" for sampling in (options.sampling, options.user_sampling)))
    names = names_in_use(run_uses(options), structured)
    return {name: text for name, text in options.prompt_texts.items() if name in names}


def run_uses(options: RunOptions) -> "set[Use]":
    """What a run with these options asks for and shows."""
    from agents.prompts.texts import Use

    match options.protocol:
        case "zero-shot":
            return {Use.ZERO_SHOT}
        case "choice":
            uses = {Use.CHOOSE}
        case "shortlist":
            uses = {Use.RANK, Use.CHOOSE, Use.REASON}
        case "ranking" | "hints":
            uses = {Use.RANK}
        case "exploration":
            uses = {Use.RANK, Use.REFLECT}
        case "dialogue":
            uses = _dialogue_uses(options)
    has_advice = options.recommender != NONE or options.tools or options.protocol in ("hints", "exploration")
    if has_advice and not uses.isdisjoint({Use.RECOMMEND, Use.RANK}):
        uses.add(Use.ADVICE)
    if options.reward != NONE and Use.CHOOSE in uses:
        uses.add(Use.LIST_SCORES)
    elif options.reward != NONE and not uses.isdisjoint({Use.LISTED, Use.ALONE, Use.JUDGE}):
        uses.add(Use.OFFER_SCORE)
    return uses


def _dialogue_uses(options: RunOptions) -> "set[Use]":
    from agents.prompts.texts import Use

    uses = {Use.JUDGE} if options.ratios else set()
    if not options.loop:
        return uses
    uses.add(Use.RECOMMEND)
    if options.user:
        uses |= {Use.LISTED if options.user_sees_candidates else Use.ALONE, Use.REASON}
        if options.rounds > 1 or options.ratios:
            uses.add(Use.MEMORY)
    return uses
