"""How a run is performed."""

from dataclasses import dataclass, field, replace
from typing import Self

from afl.clock import SystemClock
from afl.llm.budget import Budget
from afl.llm.rate_limits import RateLimits
from afl.llm.reply_sources import CacheLookup
from afl.llm.time_limits import TimeLimits
from afl.ports import Clock
from memory.run import Run
from simulations.engines.base import Engine
from simulations.engines.local import LocalEngine
from simulations.engines.options import load_engine
from simulations.execution.limits import budget, rate_limits, time_limits
from simulations.options.groups import CallOptions, EngineOptions
from simulations.options.values import at_least


@dataclass(frozen=True)
class ExecutionConfig:
    """How a run is performed: nothing of it changes a result."""

    concurrency: int = 64
    base_url: str | None = None
    replay: Run | None = None
    """The recorded run that alone may answer."""
    recall: CacheLookup | None = None
    """Where equal requests of earlier runs are looked up; None asks the model."""
    clock: Clock = field(default_factory=SystemClock)
    """What measures the run, and what it waits by between tries."""
    rates: RateLimits = field(default_factory=RateLimits)
    """Requests and tokens per minute, over all runs of the command."""
    budget: Budget = field(default_factory=Budget)
    """What all runs of the command may cost together."""
    times: TimeLimits = field(default_factory=TimeLimits)
    """How long a try, a session and a run may take."""
    engine: Engine = field(default_factory=LocalEngine)
    """What plays the sessions."""

    def __post_init__(self) -> None:
        at_least("concurrency", self.concurrency, 1)

    @classmethod
    def of(cls, options: CallOptions) -> Self:
        """As the options of a command say; those without an engine run in this process."""
        return cls(
            options.concurrency,
            options.base_url,
            clock=options.clock or SystemClock(),
            rates=rate_limits(options),
            budget=budget(options),
            times=time_limits(options),
            engine=load_engine(options) if isinstance(options, EngineOptions) else LocalEngine(),
        )

    def answered_from(self, replay: Run | None, recall: CacheLookup | None) -> Self:
        """The same performance, with who else than the model may answer."""
        return replace(self, replay=replay, recall=recall)
