"""`afl estimate`: what a run would cost, and how long it would take."""

from collections.abc import Sequence

from pydantic import SecretStr

from afl.data.candidates import Position
from afl.errors import UsageError
from afl.llm.language_model import LanguageModel, LanguageModelSpec
from afl.llm.rate_limits import RateLimits
from afl.llm.registry import load_model
from afl.ports import RecommenderTool
from afl.settings import Settings
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.cost_estimate import CostEstimate
from simulations.execution.dry_run import dry_run
from simulations.execution.executor import Executor, open_executor
from simulations.options.run_options import CandidatesFrom, RunOptions, SplitName, at_least
from simulations.progress import Watching
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task

REPLY_TOKENS = 80
"""About 60 words, the length that is asked for and a little more."""
LATENCY = 1.0


@outside_event_loop
def estimate(
    *,
    dataset: str | None = None,
    llm: str | None = None,
    rounds: int | None = None,
    candidates: int | None = None,
    candidates_from: CandidatesFrom | None = None,
    seed: int | None = None,
    split: SplitName | None = None,
    sessions: int | None = None,
    recommender: str | None = None,
    reward: str | None = None,
    tools: Sequence[str | RecommenderTool] = (),
    user_sees_candidates: bool | None = None,
    user: bool | None = None,
    target_position: Position | None = None,
    ratios: Sequence[str] | None = None,
    items: int | None = None,
    agents: AgentFactory | None = None,
    base_url: str | None = None,
    concurrency: int = 64,
    rpm: int | None = None,
    tpm: int | None = None,
    reply_tokens: int = REPLY_TOKENS,
    latency: float = LATENCY,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
) -> CostEstimate:
    """Calls, tokens, dollars and seconds of a simulation with these options, from its own prompts.

    Nothing is asked and no key is needed; a base model that is missing is trained, as `simulate` would. Up to 200
    sessions are played without a language model, with replies of `reply_tokens` that never accept: `most` is what
    they take, `least` is their first round alone. With `ratios`, the items that user simulation judges are counted
    too. Other options and errors as in `simulate`.
    """
    at_least("concurrency", concurrency, 1)
    at_least("reply-tokens", reply_tokens, 1)
    if not latency > 0:
        raise UsageError(f"--latency: got {latency:g}, expected seconds above 0")
    rates = RateLimits(rpm, tpm)
    said = {
        "dataset": dataset,
        "llm": llm,
        "rounds": rounds,
        "candidates": candidates,
        "candidates_from": candidates_from,
        "seed": seed,
        "split": split,
        "sessions": sessions,
        "recommender": recommender,
        "reward": reward,
        "tools": tuple(tool if isinstance(tool, str) else tool.name for tool in tools) or None,
        "user_sees_candidates": user_sees_candidates,
        "user": user,
        "target_position": target_position,
        "ratios": tuple(ratios) if ratios else None,
        "items": items,
    }
    with open_executor(db=db, settings=settings, watch=watch, agents=agents, tools=tools) as executor:
        task = executor.task(RunOptions.given(said))
        model = _unasked(executor, task, base_url)
        outputs = ModelOutputs.of(task, executor.settings, executor.watch)
        complete = executor.agents.complete(task.options, task.training, executor.settings)
        asked = executor.wait(dry_run(task, outputs, complete, reply_tokens=reply_tokens))
        executor.wait(model.close())
    return CostEstimate(
        dataset=task.options.dataset,
        llm=model.name,
        sessions=len(task),
        requests=asked,
        price=model.price,
        reply_tokens=reply_tokens,
        latency=latency,
        concurrency=concurrency,
        rates=rates,
    )


def _unasked(executor: Executor, task: Task, base_url: str | None) -> LanguageModel:
    """The language model, for its name and price; it needs no key, since it is never asked."""
    spec = LanguageModelSpec(task.options.llm, base_url=base_url, api_key=SecretStr("not-needed"))
    return load_model(spec, dataset=task.training, settings=executor.settings)
