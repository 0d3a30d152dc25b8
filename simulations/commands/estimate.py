"""`afl estimate`: what a run would cost, and how long it would take."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from afl.errors import UsageError
from afl.option import LIMITS, Option, at_least
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import SetupOptions, StorageOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import ConcurrencyOptions, EndpointOptions, JudgedItemsOptions, RateOptions

if TYPE_CHECKING:
    from afl.llm.language_model import LanguageModel, PerRole
    from simulations.execution.cost_estimate import CostEstimate, EstimatedModel
    from simulations.execution.executor import Executor
    from simulations.task.task import Task


@dataclass(frozen=True, kw_only=True)
class EstimateOptions(
    SetupOptions, JudgedItemsOptions, EndpointOptions, ConcurrencyOptions, RateOptions, StorageOptions
):
    """Options of `afl estimate`: those of a simulation that its cost and time depend on."""

    reply_tokens: Annotated[int, Option("Assumed tokens of a reply", LIMITS)] = 80
    """About 60 words, a little more than the prompts request."""
    reasoning_tokens: Annotated[
        int | None,
        Option("Assumed tokens of reasoning before a reply", LIMITS, default="1000 of models that reason"),
    ] = None
    """Of the models that are known to reason (by --reasoning-effort or by name); of all, where none is."""
    latency: Annotated[float, Option("Assumed seconds until a reply", LIMITS, metavar="SECONDS")] = 1.0


@outside_event_loop
@command(EstimateOptions)
def estimate(invocation: Invocation[EstimateOptions]) -> "CostEstimate":
    """Estimate calls, tokens, dollars and time of a simulation from its own prompts, before the first request.

    No request is sent and no key is needed; a missing base model is trained, as `simulate` would. Up to 200
    sessions are played without a language model, with replies of `reply_tokens` that never accept: `most` is what
    they take, `least` is their first round alone. With `ratios`, the items that user simulation judges are counted
    too. Other options and errors as in `simulate`.
    """
    from afl.llm.sampling import is_structured
    from simulations.execution.cost_estimate import CostEstimate
    from simulations.execution.dry_run import dry_run
    from simulations.execution.executor import open_executor
    from simulations.execution.limits import rate_limits
    from simulations.task.model_outputs import ModelOutputs

    options = invocation.options
    at_least("concurrency", options.concurrency, 1)
    at_least("reply-tokens", options.reply_tokens, 1)
    if options.reasoning_tokens is not None:
        at_least("reasoning-tokens", options.reasoning_tokens, 0)
    if not options.latency > 0:
        raise UsageError(f"--latency: got {options.latency:g}, expected seconds above 0")
    rates = rate_limits(options).each
    with open_executor(options) as executor:
        task = executor.task(invocation.run_options())
        models = _unreached_models(executor, task, options)
        outputs = ModelOutputs.of(task, executor.settings, executor.watch)
        complete = executor.agents.complete(task.options, task.training, executor.settings)
        structured = models.map(lambda model: is_structured(model.parameters))
        requests = executor.wait(
            dry_run(task, outputs, complete, reply_tokens=options.reply_tokens, structured=structured)
        )
        for model in models.distinct:
            executor.wait(model.close())
    return CostEstimate(
        dataset=task.options.dataset,
        models=_estimated(models, options.reasoning_tokens),
        sessions=len(task),
        requests=requests,
        reply_tokens=options.reply_tokens,
        latency=options.latency,
        concurrency=options.concurrency,
        rates=rates,
    )


def _estimated(models: "PerRole[LanguageModel]", reasoning_tokens: int | None) -> "PerRole[EstimatedModel]":
    """The models with the tokens that they are assumed to reason with."""
    from afl.llm.reasoning_models import REASONING_TOKENS, is_known_to_reason
    from simulations.execution.cost_estimate import EstimatedModel

    known = models.map(lambda model: is_known_to_reason(model.name, model.parameters))
    everyone = reasoning_tokens is not None and not any(known.distinct)

    def estimated(model: "LanguageModel") -> EstimatedModel:
        reasons = everyone or is_known_to_reason(model.name, model.parameters)
        tokens = (REASONING_TOKENS if reasoning_tokens is None else reasoning_tokens) if reasons else 0
        return EstimatedModel(model.name, model.price, tokens, model.parameters.get("max_tokens"))

    return models.map(estimated)


def _unreached_models(executor: "Executor", task: "Task", endpoint: EndpointOptions) -> "PerRole[LanguageModel]":
    """The language models, for their names and prices; they need no key, since no request is sent."""
    from pydantic import SecretStr

    from afl.llm.language_model import load_model
    from simulations.execution.language_models import model_specs

    keyless = model_specs(task.options, endpoint, executor.settings).map(
        lambda spec: replace(spec, api_key=SecretStr("not-needed"))
    )
    return keyless.map(lambda spec: load_model(spec, dataset=task.training, settings=executor.settings))
