"""The language models of a run and the chats that its agents ask, put together here and nowhere else.

options -> specifications -> models -> journaled chats      one of each per role; roles with equal ones share them
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from afl.llm.journaled_chat import JournaledChat
from afl.llm.langchain_chat import recorded_model
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole
from afl.llm.reply_sources import CacheLookup, Transport
from afl.llm.time_limits import Deadlines
from afl.llm.usage import Usage
from afl.llm.watchdog import StallWatchdog
from afl.ports import BudgetAccount, Journal, Limiter
from simulations.execution.engine import RunJob
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


@dataclass(frozen=True, kw_only=True)
class ChatResources:
    """What the chats of both agents share in a run."""

    journal: Journal
    transport: Transport
    account: BudgetAccount
    usage: Usage
    recorded: Journal | None = None
    """Of the replayed run, which alone may answer then."""
    cache_lookup: CacheLookup | None = None
    """Where equal requests of earlier runs are looked up; None asks the model."""

    @classmethod
    def in_process(cls, job: RunJob, limiter: Limiter) -> "ChatResources":
        """Of a run whose sessions all run in this process."""
        execution = job.execution
        return cls(
            journal=job.run.journal(),
            transport=Transport(
                clock=execution.clock,
                limiter=limiter,
                deadlines=Deadlines(execution.time_limits, execution.clock),
                watchdog=StallWatchdog(
                    endpoint_label(job.prepared.models),
                    after=execution.time_limits.stall,
                    clock=execution.clock,
                    notify=job.notify,
                ),
            ),
            account=job.account,
            usage=job.usage,
            recorded=None if execution.replay is None else execution.replay.journal(),
            cache_lookup=execution.cache_lookup,
        )

    def chats(self, models: PerRole[LanguageModel]) -> PerRole[JournaledChat]:
        """The chat that each agent asks."""
        return models.map(self._chat)

    def _chat(self, model: LanguageModel) -> JournaledChat:
        if self.recorded is not None:
            return JournaledChat.replay(model, self.journal, recorded=self.recorded, usage=self.usage)
        return JournaledChat.live(
            model,
            self.journal,
            transport=self.transport,
            cache_lookup=self.cache_lookup,
            usage=self.usage,
            account=self.account,
        )
