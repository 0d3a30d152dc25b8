"""`afl hints explore`: a knowledge base of hints, drawn from a model's own mistakes on training sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from afl.option import DATA, RUN, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import CallOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import (
    NONE,
    CandidateOptions,
    DatasetOptions,
    LanguageModelOptions,
    PromptOptions,
    ReplayOptions,
    TrainingDataOptions,
)

if TYPE_CHECKING:
    from simulations.hints.exploration_report import ExplorationReport
    from simulations.options.run_options import RunOptions

FilterName = Literal["leak", "effect", "redundancy"]


@dataclass(frozen=True, kw_only=True)
class HintCandidateOptions(CandidateOptions):
    """Candidate lists as Re2LLM (arXiv 2403.16427) has them."""

    candidates: int = 50


@dataclass(frozen=True, kw_only=True)
class ExploreOptions(
    DatasetOptions,
    HintCandidateOptions,
    TrainingDataOptions,
    LanguageModelOptions,
    PromptOptions,
    ReplayOptions,
    CallOptions,
):
    """Options of `afl hints explore`."""

    run: Annotated[
        str, Option("Name of the run and of its knowledge base; the same name continues it", RUN, metavar="NAME")
    ]
    size: Annotated[int, Option("Knowledge-base size, in hints", RUN)] = 20
    max_sessions: Annotated[int, Option("Maximum training sessions to explore", DATA, metavar="M")] = 500
    top: Annotated[int, Option("Number of candidates the recommendation agent lists", DATA)] = 10
    others: Annotated[int, Option("Number of other sessions a hint is tried on", RUN)] = 5
    helped: Annotated[int, Option("Number of those sessions a hint has to help", RUN)] = 1
    without: Annotated[Sequence[FilterName], Option("Filter of hints to switch off", RUN, metavar="FILTER")] = ()
    skip_failed: Annotated[bool, Option("Skip sessions whose calls fail instead of stopping", RUN)] = False


@outside_event_loop
@command(ExploreOptions)
def hints_explore(invocation: Invocation[ExploreOptions]) -> "ExplorationReport":
    """Look for hints in the model's own mistakes on training sessions; the same command continues the run.

    In up to `max_sessions` sessions the agent lists `top` candidates. Where the target is missing, the model
    reflects on the mistake and proposes hints. A hint must name no title, help its own session and at least
    `helped` of `others`, and be new; `without` switches filters off. The run `run` has every call, the base of the
    same name the hints, and the rejected ones with the reason. `replay` answers from the run of that name alone.
    With `skip_failed`, sessions without a usable reply are skipped and do not stop the exploration: for sessions
    that the model can never answer.

    Raises as `simulate` does; `ConflictError` also where a base of this name comes from elsewhere.
    """
    from afl.hints.knowledge_base import require_name
    from simulations.execution.executor import open_executor
    from simulations.hints.exploration import explore, training_sessions
    from simulations.options.exploration_options import ExplorationOptions

    options = invocation.options
    with open_executor(options) as executor:
        replayed = executor.replayed(options.replay)
        execution = executor.execution(options, replayed)
        recorded = None if replayed is None else replayed.config
        exploration = ExplorationOptions.resolve(invocation.explicit, recorded=(recorded or {}).get("exploration"))
        return explore(
            executor,
            require_name(options.run),
            training_sessions(executor, exploring_options(invocation, recorded)),
            exploration,
            execution,
            skip_failed=options.skip_failed,
        )


def exploring_options(invocation: Invocation[ExploreOptions], recorded: Mapping[str, Any] | None) -> "RunOptions":
    """What determines the lists; unstated options are those of a recorded exploration."""
    lists = {"listed": invocation.options.top, "sessions": invocation.options.max_sessions}
    if recorded is not None:
        explicit = (("listed", "top"), ("sessions", "max_sessions"))
        lists = {name: lists[name] for name, option in explicit if option in invocation.explicit}
    return invocation.run_options(
        recorded=recorded,
        **lists,
        protocol="exploration",
        split="train",
        user=False,
        rounds=1,
        recommender=NONE,
        reward=NONE,
    )
