"""`afl hints evaluate`: a policy against its baselines on held-out sessions, all of them under the same hints."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

from afl.option import DATA, RUN, Argument, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import CallOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import EngineOptions, ReplayOptions

if TYPE_CHECKING:
    from simulations.hints.policy_reports import PolicyEvaluation


@dataclass(frozen=True, kw_only=True)
class HintsEvaluateOptions(ReplayOptions, EngineOptions, CallOptions):
    """Options of `afl hints evaluate`."""

    name: Annotated[str, Argument("Trained policy", "NAME")] = field(kw_only=False)
    sessions: Annotated[
        int | None, Option("Number of held-out test sessions", DATA, default="2000, or all there are")
    ] = None
    run: Annotated[
        str | None, Option("Prefix of the names of runs", RUN, metavar="NAME", default="the policy's name")
    ] = None


@outside_event_loop
@command(HintsEvaluateOptions)
def hints_evaluate(invocation: Invocation[HintsEvaluateOptions]) -> "PolicyEvaluation":
    """Compare a policy with its baselines on held-out sessions, paired; the same command continues the run.

    NDCG@10 and HR@10 of every arm, with paired tests under Holm. Every hint is tried on every session, as the run
    `RUN.test`: an arm is then a choice of one list per session. Arms are those of `afl.hints.arms`; baselines learn
    from the tables that the policy learned from. Lists are drawn as they were in training. The same call continues;
    `replay` answers from `REPLAY.test` alone.

    Raises as `simulate` does; `NotFoundError` where no policy has this name, `ConflictError` where its tables changed.
    """
    from simulations.execution.executor import open_executor
    from simulations.hints.policy_evaluation import evaluate_policy

    options = invocation.options
    with open_executor(options) as executor:
        return evaluate_policy(
            executor,
            options.name,
            options,
            run=options.run or options.name,
            replay=options.replay,
            sessions=options.sessions,
        )
