"""The language models of a run and the chats that its agents ask, put together here and nowhere else.

options -> specifications -> models -> journaled chats      one of each per role; roles with equal ones share them
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from afl.errors import UsageError
from afl.llm.adaptations import Adaptations, EndpointAdaptations
from afl.llm.journaled_chat import JournaledChat
from afl.llm.langchain_chat import recorded_model
from afl.llm.language_model import DEFAULT_SOURCE, EndpointSource, LanguageModel, LanguageModelSpec, PerRole
from afl.llm.price import Price
from afl.llm.reply_sources import Transport
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.plugins import parse_spec
from afl.ports import BudgetAccount, Journal, Limiter
from afl.settings import Settings
from afl.types import Reply, Role
from memory.run import Run
from simulations.execution.engine import Notify, RunJob
from simulations.execution.execution_config import AdaptedLookup
from simulations.options.groups import EndpointOptions, LanguageModelOptions

if TYPE_CHECKING:
    from pydantic import SecretStr

_NAME, _PARAMETERS = "llm_name", "llm_parameters"
"""Keys of a run's configuration; those of the user agent's model, where it is another one, begin with `user_`."""


def model_specs(
    options: LanguageModelOptions, endpoint: EndpointOptions, settings: Settings | None = None
) -> PerRole[LanguageModelSpec]:
    """Which language model each agent asks, with which options, and where.

    Without `--user-llm` both ask that of `--llm`. Else its address and key are also those of `--user-llm`, as far as
    both are of one kind and nothing else is stated. Keys of stated variables are read here: workers may have other
    environments.
    """
    settings = settings or Settings()
    recommendation = LanguageModelSpec(
        options.llm,
        options.sampling,
        base_url=endpoint.base_url,
        api_key=_key(endpoint.api_key_env, "--api-key-env", settings),
        source=EndpointSource(key=endpoint.api_key_env or DEFAULT_SOURCE.key),
        price=_price(endpoint.price),
    )
    if options.user_llm is None:
        return PerRole(recommendation, replace(recommendation, sampling=options.user_sampling))
    is_elsewhere = endpoint.user_base_url is not None or not _same_kind(options.llm, options.user_llm)
    key = endpoint.user_api_key_env or (None if is_elsewhere else endpoint.api_key_env)
    price = endpoint.user_price or (endpoint.price if options.user_llm == options.llm else None)
    user = LanguageModelSpec(
        options.user_llm,
        options.user_sampling,
        base_url=(endpoint.user_base_url or None) if is_elsewhere else endpoint.base_url,
        api_key=_key(key, "--user-api-key-env", settings),
        source=EndpointSource("--user-base-url", key or DEFAULT_SOURCE.key),
        price=_price(price),
    )
    return PerRole(recommendation, user)


def _same_kind(name: str, other: str) -> bool:
    """Whether both models may be reached at one address with one key."""
    return _kind(name) == _kind(other)


def _kind(name: str) -> tuple[str, str]:
    """The plug-in, and the provider where the plug-in has several."""
    plugin, argument = parse_spec(name)
    return plugin, (argument or "").partition(":")[0] if plugin == "langchain" else ""


def _key(variable: str | None, option: str, settings: Settings) -> "SecretStr | None":
    """The key in a stated variable; None where there is none. A key in place of a name is refused, not shown."""
    if variable is None:
        return None
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", variable):
        raise UsageError(
            f"{option}: expected the name of an environment variable, such as GROQ_API_KEY, not a key"
        )
    return settings.api_key(variable)


def _price(price: tuple[float, float] | None) -> Price | None:
    return None if price is None else Price(*price, source="profile")


def recorded_models(config: Mapping[str, Any]) -> PerRole[LanguageModel]:
    """The language models of a recorded run as far as its requests depend on them; requests to them fail."""
    recommendation = recorded_model(config.get(_NAME, ""), config.get(_PARAMETERS, {}))
    if f"user_{_NAME}" not in config:
        return PerRole.shared(recommendation)
    return PerRole(recommendation, recorded_model(config[f"user_{_NAME}"], config[f"user_{_PARAMETERS}"]))


def models_configuration(models: PerRole[LanguageModel]) -> dict[str, Any]:
    """What of the language models determines results; the user agent's has keys only where it is another one."""
    recommendation, user = ((model.name, dict(model.parameters)) for model in (models.recommendation, models.user))
    shared = {_NAME: recommendation[0], _PARAMETERS: recommendation[1]}
    return (
        shared if user == recommendation else shared | {f"user_{_NAME}": user[0], f"user_{_PARAMETERS}": user[1]}
    )


def endpoint_label(models: PerRole[LanguageModel]) -> str:
    """The endpoints a run waits for, for display."""
    labels = (f"{model.name} at {model.endpoint}" if model.endpoint else model.name for model in models.distinct)
    return " and ".join(labels)


def stall_advice(models: PerRole[LanguageModel], account: BudgetAccount) -> str:
    """What may help where no reply comes; empty where replies have a maximum length already."""
    if account.max_tokens is not None or not any(model.has_endless_replies for model in models.distinct):
        return ""
    return "replies may be of any length: --max-tokens limits them"


async def follow_adaptations(
    models: PerRole[LanguageModel], run: Run, notify: Notify, *, replay: Run | None = None
) -> None:
    """Requests go as the endpoints of this run took them before; what they make necessary from now on is stored.

    A replay takes what was recorded with the replayed run. Facts that an earlier run of the same command found out
    are this run's, too.
    """
    for role in Role:
        adaptations = models.of(role).adaptations
        recorded = (replay or run).adaptations.get(role)
        if adaptations is not None and recorded:
            adaptations.now = Adaptations.from_json(recorded)
        stored = recorded if adaptations is None else adaptations.now.to_json()
        if stored and run.adaptations.get(role) != stored:
            await run.record_adaptations(role, stored)
    for model in models.distinct:
        if model.adaptations is not None:
            roles = [role for role in Role if models.of(role) is model]
            model.adaptations.save = partial(_record_adaptations, run, roles)
            model.adaptations.notify = partial(_notify_of_adaptation, notify, model.name)


async def _record_adaptations(run: Run, roles: Sequence[Role], adaptations: Adaptations) -> None:
    for role in roles:
        await run.record_adaptations(role, adaptations.to_json())


def _notify_of_adaptation(notify: Notify, name: str, line: str) -> None:
    notify(f"{name} {line}")


async def _look_up(
    lookup: AdaptedLookup, adaptations: EndpointAdaptations | None, fingerprint: str
) -> Reply | None:
    now = Adaptations() if adaptations is None else adaptations.now
    return await lookup(fingerprint, now.to_json())


@dataclass(frozen=True, kw_only=True)
class ChatResources:
    """What the chats of both agents share in a run."""

    journal: Journal
    transport: Transport
    limiters: PerRole[Limiter]
    """What admits the requests of each agent; the limiter of `transport` is not used."""
    account: BudgetAccount
    usage: Usage
    recorded: Journal | None = None
    """Of the replayed run, which alone may answer then."""
    cache_lookup: AdaptedLookup | None = None
    """Where equal requests of earlier runs are looked up; None asks the model."""
    answered_before: bool = False
    """Whether a language model has answered in this run."""

    @classmethod
    async def in_process(cls, job: RunJob, limiters: PerRole[Limiter]) -> "ChatResources":
        """Of a run whose sessions all run in this process."""
        execution = job.execution
        await follow_adaptations(job.prepared.models, job.run, job.notify, replay=execution.replay)
        return cls(
            journal=job.run.journal(),
            transport=Transport(
                clock=execution.clock,
                deadlines=Deadlines(execution.time_limits, execution.clock),
                watchdog=StallWatchdog(
                    endpoint_label(job.prepared.models),
                    after=execution.time_limits.stall,
                    clock=execution.clock,
                    notify=job.notify,
                    advice=stall_advice(job.prepared.models, job.account),
                ),
            ),
            limiters=limiters,
            account=job.account,
            usage=job.usage,
            recorded=None if execution.replay is None else execution.replay.journal(),
            cache_lookup=execution.cache_lookup,
            answered_before=await job.run.has_replies(),
        )

    def chats(self, models: PerRole[LanguageModel]) -> PerRole[JournaledChat]:
        """The chat that each agent asks."""
        asked = PerRole((models.recommendation, self.limiters.recommendation), (models.user, self.limiters.user))
        return asked.map(lambda pair: self._chat(*pair))

    def _chat(self, model: LanguageModel, limiter: Limiter) -> JournaledChat:
        if self.recorded is not None:
            return JournaledChat.replay(model, self.journal, recorded=self.recorded, usage=self.usage)
        cache_lookup = self.cache_lookup and partial(_look_up, self.cache_lookup, model.adaptations)
        return JournaledChat.live(
            model,
            self.journal,
            transport=replace(self.transport, limiter=limiter),
            cache_lookup=cache_lookup,
            usage=self.usage,
            account=self.account,
            answered_before=self.answered_before,
        )
