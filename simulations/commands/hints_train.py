"""`afl hints train`: a policy that picks a hint, or none, for a session, learned from a table of rewards."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from afl.option import DATA, MODELS, RUN, Argument, Option, at_least
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import CallOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import (
    CandidateOptions,
    EngineOptions,
    PromptOptions,
    ReplayOptions,
    TrainingDataOptions,
)

if TYPE_CHECKING:
    from simulations.hints.policy_reports import PolicyTrainReport

RewardName = Literal["gain", "ndcg", "hit", "rank"]

LEAST_SESSIONS = 10
"""Sessions from which there is anything to train on and to validate with."""


@dataclass(frozen=True, kw_only=True)
class HintsTrainOptions(
    CandidateOptions, TrainingDataOptions, PromptOptions, ReplayOptions, EngineOptions, CallOptions
):
    """Options of `afl hints train`; unstated ones of lists, training data and prompts are those of the exploration."""

    name: Annotated[str, Argument("Knowledge base", "NAME")] = field(kw_only=False)
    sessions: Annotated[int, Option("Number of training and validation sessions together", DATA)] = 500
    reward: Annotated[RewardName, Option("Reward of an action", MODELS, metavar="KIND")] = "gain"
    encoder: Annotated[
        str,
        Option("Encoder of sessions: attributes, or sentence-transformers:PATH", MODELS, metavar="NAME[:ARG]"),
    ] = "attributes"
    policy_seed: Annotated[int, Option("Seed of the policy", MODELS)] = 0
    run: Annotated[
        str | None,
        Option("Name of the policy and prefix of its runs", RUN, metavar="NAME", default="the knowledge base's"),
    ] = None


@outside_event_loop
@command(HintsTrainOptions)
def hints_train(invocation: Invocation[HintsTrainOptions]) -> "PolicyTrainReport":
    """Try every hint on training sessions and train a policy that picks one or none; the same command continues it.

    A fifth of the sessions are validation sessions, which pick the checkpoint: of the validation split where it has so
    many, else of the training split. The lists are the runs `RUN.train` and `RUN.valid`, at most sessions x
    (hints + 1) distinct calls; the policy is stored under `run`. `candidates`, `candidates_from`, `seed`, `train_on`,
    `prompts` and `show_attributes` are those of the exploration unless stated. The same call continues, and ends with
    the same policy; `replay` answers from the runs of that training alone.

    Raises as `simulate` does; `NotFoundError` for a base or encoder that does not exist.
    """
    from afl import plugins
    from afl.hints.knowledge_base import require_name
    from simulations.execution.executor import open_executor
    from simulations.hints.policy_training import PolicyConfig, train_policy
    from simulations.hints.reward_tables import table_options

    options = invocation.options
    at_least("sessions", options.sessions, LEAST_SESSIONS)
    plugins.load_plugin("afl.encoders", plugins.parse_spec(options.encoder).name)
    with open_executor(options) as executor:
        record = executor.wait(executor.store.knowledge_bases.load(options.name))
        return train_policy(
            executor,
            record.base,
            table_options(record, invocation.run_values(invocation.explicit)),
            options,
            PolicyConfig(
                sessions=options.sessions,
                reward=options.reward,
                encoder=options.encoder,
                seed=options.policy_seed,
            ),
            name=require_name(options.run or options.name),
            replay=options.replay,
        )
