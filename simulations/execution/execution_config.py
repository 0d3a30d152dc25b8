"""How a run is executed."""

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import Self

from afl.clock import SystemClock
from afl.llm.adaptations import AdaptationsJson
from afl.llm.budget import Budget
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole
from afl.llm.limiter import AdaptiveLimiter, ModelRateLimits
from afl.llm.time_limits import TimeLimits
from afl.option import at_least
from afl.ports import Clock
from afl.types import Reply
from memory.run import Run
from simulations.execution.command_options import CallOptions
from simulations.execution.limits import budget, rate_limits, time_limits
from simulations.options.groups import EndpointOptions

AdaptedLookup = Callable[[str, AdaptationsJson], Awaitable[Reply | None]]
"""From a request's fingerprint, and how it would be sent now, to a reply that any run recorded, or None."""


@dataclass(frozen=True)
class ExecutionConfig:
    """How a run is executed: nothing of it changes a result, and each execution may have its own."""

    concurrency: int = 64
    """Sessions in progress at once, and the most requests under way at each language model."""
    endpoint: EndpointOptions = field(default_factory=EndpointOptions)
    """Where language models are reached."""
    replay: Run | None = None
    """The recorded run that alone may answer."""
    cache_lookup: AdaptedLookup | None = None
    """Where equal requests of earlier runs are looked up; None asks the model."""
    clock: Clock = field(default_factory=SystemClock)
    """What measures the run, and what it waits by between tries."""
    rate_limits: ModelRateLimits = field(default_factory=ModelRateLimits)
    """Requests and tokens per minute of each language model, over all runs of the command."""
    budget: Budget = field(default_factory=Budget)
    """What all runs of the command may cost together."""
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    """How long a request attempt, a session and a run may take."""

    def __post_init__(self) -> None:
        at_least("concurrency", self.concurrency, 1)

    @classmethod
    def of(cls, options: CallOptions) -> Self:
        """As the options of a command say."""
        return cls(
            options.concurrency,
            EndpointOptions.of(options),
            clock=options.clock or SystemClock(),
            rate_limits=rate_limits(options),
            budget=budget(options),
            time_limits=time_limits(options),
        )

    def limiters(
        self, specs: PerRole[LanguageModelSpec], models: PerRole[LanguageModel]
    ) -> PerRole[AdaptiveLimiter]:
        """What admits the requests of each agent: one limiter for each model, however many agents ask it."""
        limits = PerRole(
            (specs.recommendation.limited_by, models.recommendation.max_requests),
            (specs.user.limited_by, models.user.max_requests),
        )
        return limits.map(lambda limit: self._limiter(*limit))

    def _limiter(self, model: Hashable, max_requests: int | None) -> AdaptiveLimiter:
        concurrency = self.concurrency if max_requests is None else min(self.concurrency, max_requests)
        return AdaptiveLimiter(concurrency, rate_limits=self.rate_limits.of(model), clock=self.clock)

    def answered_from(self, replay: Run | None, cache_lookup: AdaptedLookup | None) -> Self:
        """The same, with the recorded replies that answer before, or in place of, the model."""
        return replace(self, replay=replay, cache_lookup=cache_lookup)
