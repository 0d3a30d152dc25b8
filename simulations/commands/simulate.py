"""`afl simulate`: the feedback loop over the sessions of a data set, started, continued or replayed."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import CallOptions, SetupOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import EngineOptions, RunNameOptions

if TYPE_CHECKING:
    from simulations.analysis.simulation_report import SimulationReport


@dataclass(frozen=True, kw_only=True)
class SimulateOptions(SetupOptions, RunNameOptions, EngineOptions, CallOptions):
    """Options of `afl simulate`."""


@outside_event_loop
@command(SimulateOptions)
def simulate(invocation: Invocation[SimulateOptions]) -> "SimulationReport":
    """Run the feedback loop over the sessions of a data set; the same command continues the run.

    Reports how often the target was recommended. An unstated option has its default, or the value of the replayed
    run. Requests in the journal of the run are not sent again; with `cache`, equal requests of earlier
    runs answer too. `tools` also takes tools as objects, `agents` agents. Address, limits, budgets, concurrency and
    engine may change from call to call; what determines results may not.

    Raises `UsageError`, `NotFoundError` and `DataError` for what was asked; `ConflictError` when the run exists with
    something different or another process holds it; `EndpointError` when the model cannot be reached at all (what
    was done is kept); `ReplayError` when a replay misses a request; `StorageError` for the database.
    """
    from simulations.execution.executor import open_executor

    options = invocation.options
    with open_executor(options) as executor:
        replayed = executor.replayed(options.replay)
        recorded = None if replayed is None else replayed.config
        execution = executor.execution(options, replayed)
        return executor.run(invocation.run_options(recorded=recorded), options.run, execution)
