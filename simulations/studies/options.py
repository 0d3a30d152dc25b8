"""What every study may be told, declared once: keyword arguments of the public functions."""

from collections.abc import Mapping, Sequence
from typing import Any

from afl.clock import SystemClock
from afl.errors import UsageError
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from simulations.engines.options import PlayingOptions, engine
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.limits import budget, rates, time_limits
from simulations.execution.run import ExecutionConfig
from simulations.options.run_options import CandidatesFrom, SplitName, at_least
from simulations.progress import Watching

_DETERMINING = (
    "dataset",
    "llm",
    "rounds",
    "candidates",
    "candidates_from",
    "seed",
    "split",
    "train_on",
    "sessions",
    "recommender",
    "reward",
    "user_sees_candidates",
)


class PlayOptions(PlayingOptions, total=False):
    """Options of `simulate` with the same meaning and defaults, and `seeds`; all are keyword arguments."""

    dataset: str | None
    llm: str | None
    rounds: int | None
    candidates: int | None
    candidates_from: CandidatesFrom | None
    seed: int | None
    seeds: int
    """The study is repeated with seed, seed + 1, ...; each user is averaged over them. By default 1."""
    split: SplitName | None
    train_on: str | None
    """The data set that models learn from, over the same items."""
    sessions: int | None
    """Chosen by the first seed, so that all seeds are about the same users."""
    reward: str | None
    tools: Sequence[str | RecommenderTool]
    user_sees_candidates: bool | None
    agents: AgentFactory | None
    run: str | None
    """Runs are called RUN-ARM, those of further seeds RUN-ARM-SEED; the same name continues."""
    concurrency: int
    base_url: str | None
    replay: str | None
    """Runs are answered from those called REPLAY-ARM alone, each arm from its own; nothing is sent."""
    cache: bool
    db: str | None
    settings: Settings | None
    watch: Watching | None
    clock: Clock | None


class StudyOptions(PlayOptions, total=False):
    """The same, for studies of one base model."""

    recommender: str | None


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """What of the options determines results, as `RunOptions.given` takes it."""
    named = tuple(tool if isinstance(tool, str) else tool.name for tool in options.get("tools", ()))
    return {key: options.get(key) for key in _DETERMINING} | {"tools": named or None}


def execution_config(options: Mapping[str, Any]) -> ExecutionConfig:
    """What of the options says how runs are performed."""
    clock = options.get("clock") or SystemClock()
    return ExecutionConfig(
        options.get("concurrency", 64),
        options.get("base_url"),
        clock=clock,
        rates=rates(options),
        budget=budget(options),
        times=time_limits(options),
        engine=engine(options),
    )


def over_seeds(given: Mapping[str, Any], first: int, seeds: int) -> list[dict[str, Any]]:
    """What is said for each of the study seeds `first`, `first` + 1, ...: other lists, the same sessions.

    The first is a study of one seed, so that a study can be widened later. Raises `UsageError` for answers from a
    file, which belong to the lists of one seed.
    """
    at_least("seeds", seeds, 1)
    if seeds > 1 and str(given.get("recommender") or "").startswith("file:"):
        raise UsageError(
            f"--seeds: got {seeds}, but the suggestions of a file belong to the candidate lists of one seed; "
            "expected a model that can be asked again, or --seeds 1"
        )
    chosen = {} if given.get("sessions") is None else {"sessions_seed": first}
    further = [{**given, "seed": first + more, **chosen} for more in range(1, seeds)]
    return [{**given, "seed": first}, *further]
