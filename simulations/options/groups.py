"""Every option that several commands share, stated once: name, type, default, help, unit, group.

A command's options are one class that inherits the groups it takes. `RunOptions` inherits those that determine results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from afl.errors import UsageError
from afl.llm.sampling import STRUCTURED, SamplingOptions, SamplingParser, Structured, SystemRole
from afl.option import AGENTS, DATA, LIMITS, MODELS, OUTPUT, RUN, Option

if TYPE_CHECKING:
    from afl.ports import RecommenderTool

CandidatesFrom = Literal["seeded", "reference", "source"]
SplitName = Literal["train", "valid", "test", "all"]
TargetPosition = Literal["random", "first", "last"]

NONE = "none"
"""The name that switches a recommender or reward model off."""
LLM = "llm"
"""The name of the language model where it is to recommend by itself: without a recommender, as `none`."""

MODEL_METAVAR = "NAME[:ARG]"

DB = Option(
    "Database: sqlite:///PATH or postgresql://...",
    OUTPUT,
    metavar="URL",
    default="AFL_DB, or a SQLite file in AFL_HOME",
)


@dataclass(frozen=True, kw_only=True)
class CandidateOptions:
    """Length and source of the candidate lists."""

    candidates: Annotated[int, Option("Length of a candidate list, target included", DATA)] = 20
    candidates_from: Annotated[
        CandidatesFrom, Option("Source of a list's other candidates", DATA, metavar="SOURCE")
    ] = "seeded"
    """`seeded` draws them from seed and session, `reference` as the published code does; `source` takes the lists that
    the data set brought."""
    seed: Annotated[int, Option("Seed of candidate lists and session order", DATA)] = 303
    """Models have seeds of their own."""


@dataclass(frozen=True, kw_only=True)
class DatasetOptions:
    """The data set. An empty name is none: a replay takes that of the recorded run."""

    dataset: Annotated[str, Option("Imported data set; a replay takes the recorded one", DATA, metavar="NAME")] = (
        ""
    )


@dataclass(frozen=True, kw_only=True)
class SessionOptions:
    """Which sessions of the data set are simulated."""

    split: Annotated[SplitName, Option("Split of the data set", DATA, metavar="NAME")] = "test"
    sessions: Annotated[
        int | None, Option("Number of sessions, in an order seeded by --seed", DATA, default="all")
    ] = None


@dataclass(frozen=True, kw_only=True)
class TrainingDataOptions:
    """The data set that models learn from."""

    train_on: Annotated[
        str | None,
        Option(
            "Data set over the same items that models are trained on", DATA, metavar="NAME", default="--dataset"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class SeedOptions:
    """Repetition of a study."""

    seeds: Annotated[int, Option("Number of study seeds, from --seed upwards; users are averaged", DATA)] = 1
    """The sessions are chosen by the first seed, so that all seeds are about the same users."""


@dataclass(frozen=True, kw_only=True)
class LanguageModelOptions:
    """The language models, as far as they determine replies. An empty name is none: a replay takes the recorded one.

    `--llm` is the model of both agents. With `--user-llm` the options that are not called after the user agent are
    those of the recommendation agent's model alone.
    """

    llm: Annotated[
        str,
        Option(
            "Language model: offline, openai:MODEL, langchain:PROVIDER:MODEL, gguf:NAME, or a profile",
            MODELS,
            metavar=MODEL_METAVAR,
        ),
    ] = ""
    user_llm: Annotated[
        str | None, Option("Language model of the user agent", MODELS, metavar=MODEL_METAVAR, default="--llm")
    ] = None
    temperature: Annotated[
        float | Literal["none"], Option("Sampling temperature; none sends none", MODELS, metavar="X|none")
    ] = 0.0
    user_temperature: Annotated[
        float | Literal["none"] | None,
        Option("The user agent's", MODELS, metavar="X|none", default="--temperature, or 0 with --user-llm"),
    ] = None
    top_p: Annotated[float | None, Option("Share of the probability that is sampled from", MODELS)] = None
    max_tokens: Annotated[
        int | None, Option("Maximum tokens of a reply", MODELS, default="1024 under a budget")
    ] = None
    """Without a budget an option of the model; under one a limit of cost, which determines no result."""
    reasoning_effort: Annotated[
        str | None, Option("How much a model reasons: low, medium, high, ...", MODELS, metavar="WORD")
    ] = None
    llm_seed: Annotated[int | None, Option("Seed of sampling, as far as endpoints have one", MODELS)] = None
    llm_options: Annotated[
        Sequence[str] | Mapping[str, Any],
        Option("Field of the request's body: top_k=40", MODELS, metavar="KEY=JSON", flag="--llm-option"),
    ] = ()
    system_role: Annotated[
        SystemRole, Option("Role of the system text, or into the user's message", MODELS, metavar="ROLE")
    ] = "system"
    structured: Annotated[
        Structured,
        Option("Replies as JSON objects under a schema", MODELS, metavar="FORM"),
    ] = "off"
    """Of both agents, unless the profile of `user_llm` states it."""
    user_llm_options: Mapping[str, Any] | None = None
    """Further options of `user_llm`, by the names above: what a profile states."""

    @property
    def language_models(self) -> tuple[str, ...]:
        """Every language model in use, by name."""
        return (self.llm,) if self.user_llm is None else (self.llm, self.user_llm)

    @property
    def sampling(self) -> SamplingOptions:
        """The options of `llm`. Raises `UsageError` for a value that cannot be."""
        return SamplingParser.parse({name: getattr(self, name) for name in SAMPLING_OPTIONS})

    @property
    def user_sampling(self) -> SamplingOptions:
        """The options of the language model that the user agent asks."""
        if self.user_llm is not None:
            stated = {} if self.user_temperature is None else {"temperature": self.user_temperature}
            of_both = {STRUCTURED: self.structured}
            return SamplingParser.parse({**of_both, **(self.user_llm_options or {}), **stated}, prefix="--user-")
        if self.user_temperature is None:
            return self.sampling
        return replace(self.sampling, temperature=SamplingParser("--user-").temperature(self.user_temperature))

    @property
    def has_user_model(self) -> bool:
        """Whether the user agent asks another model than the recommendation agent, or the same with other options."""
        asked = self.llm if self.user_llm is None else self.user_llm
        return (asked, self.user_sampling) != (self.llm, self.sampling)


SAMPLING_OPTIONS = (
    "temperature",
    "top_p",
    "max_tokens",
    "reasoning_effort",
    "llm_seed",
    "llm_options",
    "system_role",
    STRUCTURED,
)
"""The options of a language model, as a profile has them too."""
BASE_URL = Option(
    "Address of an OpenAI-compatible endpoint: vLLM, Ollama, ...", MODELS, metavar="URL", default="OpenAI's"
)
API_KEY_ENV = Option("Variable that has the key, here or in .env", MODELS, metavar="VAR", default="OPENAI_API_KEY")
CONFIG = Option("File of profiles", MODELS, metavar="FILE", default="afl.toml here, else in AFL_HOME")


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """Where the language models are reached, and what they cost; no result depends on it."""

    base_url: Annotated[str | None, BASE_URL] = None
    api_key_env: Annotated[str | None, API_KEY_ENV] = None
    user_base_url: Annotated[
        str | None,
        Option("Address of the user agent's endpoint", MODELS, metavar="URL", default="--base-url"),
    ] = None
    user_api_key_env: Annotated[
        str | None,
        Option("Variable that has the key of --user-llm", MODELS, metavar="VAR", default="--api-key-env"),
    ] = None
    config: Annotated[str | Path | None, CONFIG] = None
    price: tuple[float, float] | None = None
    """US dollars per million tokens of prompts and replies; None: what the lists of prices have."""
    user_price: tuple[float, float] | None = None

    @classmethod
    def of(cls, options: "EndpointOptions") -> "EndpointOptions":
        """These alone of the options of a command."""
        return cls(**{field.name: getattr(options, field.name) for field in fields(cls)})


@dataclass(frozen=True, kw_only=True)
class RecommenderOptions:
    """The base model behind the recommendation agent."""

    recommender: Annotated[
        str,
        Option(
            "Base model that suggests an item: sasrec, file:PATH.csv, ..., or none", MODELS, metavar=MODEL_METAVAR
        ),
    ] = "sasrec"
    """`llm` is the language model by itself, as `none` is."""


@dataclass(frozen=True, kw_only=True)
class RewardOptions:
    """The reward model behind the user agent."""

    reward: Annotated[
        str, Option("Reward model whose scores the user agent sees, or none", MODELS, metavar=MODEL_METAVAR)
    ] = "sasrec"


@dataclass(frozen=True, kw_only=True)
class ToolOptions:
    """Further advice for the recommendation agent."""

    tools: Annotated[
        Sequence["str | RecommenderTool"],
        Option("Recommender tool", AGENTS, metavar=MODEL_METAVAR, flag="--tool"),
    ] = ()
    """Names, or tools as objects, in the order in which their advice appears."""


@dataclass(frozen=True, kw_only=True)
class DialogueOptions:
    """Length of a dialogue, and what the user agent sees of the candidates."""

    rounds: Annotated[int, Option("Maximum rounds of a dialogue", AGENTS)] = 4
    user_sees_candidates: Annotated[
        bool,
        Option(
            "Whether the user agent sees the whole list, or the recommended item only",
            AGENTS,
            off="--user-sees-item-only",
        ),
    ] = True


@dataclass(frozen=True, kw_only=True)
class AttributeOptions:
    """What agents are shown of an item beside its title."""

    show_attributes: Annotated[
        str | Sequence[str],
        Option("Attributes of items shown below titles: genre,year", AGENTS, metavar="NAMES"),
    ] = ()
    """Names of attributes of the data set, in this order; as one text with commas between them."""


@dataclass(frozen=True, kw_only=True)
class PromptOptions(AttributeOptions):
    """The texts of prompts."""

    prompts: Annotated[
        str | Path | None,
        Option("Folder of texts in place of the built-in prompts of the same name", AGENTS, metavar="DIR"),
    ] = None
    prompt_texts: Mapping[str, str] | None = None
    """What `prompts` stands for: texts by name, which a run records."""


@dataclass(frozen=True, kw_only=True)
class ParticipantOptions:
    """Variants of a single run that studies choose for themselves."""

    user: Annotated[
        bool,
        Option("Whether there is a user agent; without one a dialogue is one round", AGENTS, off="--no-user"),
    ] = True
    target_position: Annotated[
        TargetPosition, Option("Position of the target in its candidate list", DATA, metavar="WHERE")
    ] = "random"


@dataclass(frozen=True, kw_only=True)
class JudgedItemsOptions:
    """What the user agent judges after the dialogue."""

    ratios: Annotated[
        Sequence[str] | None,
        Option("Ratio of wanted to unwanted items that a user judges", DATA, metavar="1:K", flag="--ratio"),
    ] = None
    items: Annotated[int, Option("Number of items a user judges at each ratio", DATA)] = 20


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """The recorded run that answers in place of the language model."""

    replay: Annotated[
        str | None, Option("Recorded run that alone answers; no request is sent", RUN, metavar="RUN")
    ] = None


@dataclass(frozen=True, kw_only=True)
class RunNameOptions(ReplayOptions):
    """The run, and the recorded run that answers in place of the language model."""

    run: Annotated[
        str | None,
        Option(
            "Name of the run; the same name continues it", RUN, metavar="NAME", default="from the configuration"
        ),
    ] = None


@dataclass(frozen=True, kw_only=True)
class StudyNameOptions:
    """Names of a study's runs: `RUN-ARM`, and `RUN-ARM-SEED` for further seeds."""

    run: Annotated[
        str | None,
        Option(
            "Prefix of the names of runs; the same prefix continues them",
            RUN,
            metavar="NAME",
            default="from the configuration",
        ),
    ] = None
    replay: Annotated[
        str | None, Option("Prefix of recorded runs that alone answer; no request is sent", RUN, metavar="NAME")
    ] = None


@dataclass(frozen=True, kw_only=True)
class CacheOptions:
    """Whether other runs may answer."""

    cache: Annotated[bool, Option("Let equal requests of earlier runs answer", RUN)] = False


@dataclass(frozen=True, kw_only=True)
class ConcurrencyOptions:
    """How many sessions run side by side."""

    concurrency: Annotated[int, Option("Maximum sessions in progress at once", RUN)] = 64


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """Where sessions run; no result depends on it."""

    engine: Annotated[str, Option("Engine that runs sessions: local, ray or a plug-in's", RUN, metavar="NAME")] = (
        "local"
    )
    workers: Annotated[
        int | None, Option("Number of processes of --engine ray", RUN, default="one per processor")
    ] = None
    address: Annotated[
        str | None,
        Option("Address of a Ray cluster, or auto", RUN, metavar="ADDRESS", default="a cluster for this command"),
    ] = None


@dataclass(frozen=True, kw_only=True)
class RateOptions:
    """How fast requests may be sent."""

    rpm: Annotated[int | None, Option("Maximum requests per minute", LIMITS)] = None
    tpm: Annotated[int | None, Option("Maximum tokens per minute, as the endpoint counts them", LIMITS)] = None


@dataclass(frozen=True, kw_only=True)
class LimitOptions(RateOptions):
    """What requests may cost and how long they may take; no result depends on it."""

    budget_usd: Annotated[
        float | None,
        Option("Maximum total cost, US dollars, earlier continuations included", LIMITS, metavar="USD"),
    ] = None
    budget_tokens: Annotated[int | None, Option("Maximum total tokens, prompts and replies together", LIMITS)] = (
        None
    )
    max_tokens: Annotated[
        int | None, Option("Maximum tokens of a reply under a budget", LIMITS, default="1024")
    ] = None
    timeout: Annotated[float, Option("Seconds per request attempt", LIMITS, metavar="SECONDS")] = 300
    session_timeout: Annotated[
        float | None, Option("Seconds per session; a continuation finishes it", LIMITS, metavar="SECONDS")
    ] = None
    run_timeout: Annotated[
        float | None, Option("Seconds per run; progress is saved", LIMITS, metavar="SECONDS")
    ] = None
    stall_after: Annotated[
        float, Option("Seconds without a reply before a warning", LIMITS, metavar="SECONDS")
    ] = 60


def has_budget(options: object) -> bool:
    """Whether the calls of a command are limited in cost."""
    return isinstance(options, LimitOptions) and (options.budget_usd, options.budget_tokens) != (None, None)


def require_user_model(options: object) -> None:
    """Raises `UsageError` where the endpoint of the user agent's model is stated, but no such model."""
    if not isinstance(options, EndpointOptions) or getattr(options, "user_llm", None) is not None:
        return
    for name, otherwise in (("user_base_url", "--base-url"), ("user_api_key_env", "--api-key-env")):
        if getattr(options, name) is not None:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag}: expected with --user-llm; without it {otherwise} is that of both agents")
