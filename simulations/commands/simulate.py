"""`afl simulate`: the feedback loop over the sessions of a data set, started, continued or replayed."""

from collections.abc import Sequence
from typing import Unpack

from afl.data.candidates import Position
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from simulations.analysis.simulation_report import SimulationReport
from simulations.engines.options import PlayingOptions
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.executor import open_executor
from simulations.options.run_options import CandidatesFrom, SplitName
from simulations.progress import Watching
from simulations.studies.options import execution_config


@outside_event_loop
def simulate(
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
    agents: AgentFactory | None = None,
    run: str | None = None,
    concurrency: int = 64,
    base_url: str | None = None,
    replay: str | None = None,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
    clock: Clock | None = None,
    **playing: Unpack[PlayingOptions],
) -> SimulationReport:
    """Runs every session of the study through the loop and reports how often the target was recommended.

    What is not said has the default of `RunOptions`, or the value of the run that is replayed. The same call on
    the same run continues it: what the journal holds is not asked again. `tools` and `agents` also take parts of your
    own. With `cache`, equal requests of earlier runs answer. `concurrency`, `base_url` and `playing` (see
    `PlayingOptions`: limits, budgets, engine) may change from call to call; whatever determines results may not.
    `clock` is what the waits between tries are taken from.

    Raises `UsageError`, `NotFoundError` and `DataError` for what was asked; `ConflictError` when the run exists with
    something different or another process holds it; `EndpointError` when the model cannot be reached at all (what
    was done is kept); `ReplayError` when a replay misses a request; `StorageError` for the database.
    """
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
    }
    execution = execution_config({**playing, "concurrency": concurrency, "base_url": base_url, "clock": clock})
    with open_executor(db=db, settings=settings, watch=watch, agents=agents, tools=tools) as executor:
        old = None if replay is None else executor.wait(executor.store.run(replay))
        return executor.run(said, run, execution.answered_from(old, executor.store.reply_cache if cache else None))
