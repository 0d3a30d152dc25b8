"""The language models of a run and the chats that its agents ask, put together here and nowhere else.

options -> specifications -> models -> journaled chats      one of each per role; roles with equal ones share them
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from afl.llm.adaptations import Adaptations, EndpointAdaptations
from afl.llm.journaled_chat import JournaledChat
from afl.llm.langchain_chat import recorded_model
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole
from afl.llm.reply_sources import Transport
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Journal, Limiter
from afl.types import Reply, Role
from memory.run import Run
from simulations.execution.engine import Notify, RunJob
from simulations.execution.execution_config import AdaptedLookup
from simulations.options.groups import EndpointOptions, LanguageModelOptions

_NAME, _PARAMETERS = "llm_name", "llm_parameters"
"""Keys of a run's configuration; those of the user agent's model, where it is another one, begin with `user_`."""


def model_specs(options: LanguageModelOptions, endpoint: EndpointOptions) -> PerRole[LanguageModelSpec]:
    """Which language model each agent asks, and where: `--llm` is that of both."""
    return PerRole.shared(LanguageModelSpec(options.llm, base_url=endpoint.base_url))


def recorded_models(config: Mapping[str, Any]) -> PerRole[LanguageModel]:
    """The language models of a recorded run as far as its requests depend on them; requests to them fail."""
    recommendation = recorded_model(config[_NAME], config[_PARAMETERS])
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
