"""Executes an exploration: the run started or continued, its hints stored as a knowledge base."""

from dataclasses import replace

from afl import plugins
from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, EndpointError
from afl.hints.hint_records import accepted_hints
from afl.hints.knowledge_base import KnowledgeBase
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.run import Run
from simulations.execution.executor import Executor, PreparedRun
from simulations.execution.run import ExecutionConfig
from simulations.graphs.exploration_state import StopReason
from simulations.hints.options import ExplorationOptions
from simulations.hints.performing import Explorer, configuration
from simulations.hints.report import ExplorationReport
from simulations.options.run_options import RunOptions
from simulations.options.values import at_least
from simulations.task.model_outputs import ModelOutputs


def training_sessions(executor: Executor, options: RunOptions) -> RunOptions:
    """The options over training sessions in seeded order, as many as there are up to the number asked for."""
    assert options.sessions is not None, "it has a default"
    at_least("max-sessions", options.sessions, 2)
    dataset = DatasetStore(executor.settings.data_dir).load(options.dataset)
    return replace(options, sessions=max(1, min(options.sessions, row_count(dataset, Split.TRAIN))))


def explore(
    executor: Executor,
    name: str,
    options: RunOptions,
    exploration: ExplorationOptions,
    execution: ExecutionConfig,
    *,
    skip_failed: bool,
) -> ExplorationReport:
    """The run `name` with the knowledge base of the same name, started or continued to its end."""
    found = executor.wait(executor.store.knowledge_bases.find(name))
    if found is not None and found.run != name:
        raise ConflictError(f"knowledge base {name!r} exists and was not explored; choose another --run name")
    prepared = executor.prepare(
        executor.task(options),
        name,
        execution,
        outputs=ModelOutputs(None, None),
        extra_configuration={"exploration": exploration.configuration()},
    )
    run = prepared.existing or executor.wait(
        executor.store.begin_run(
            name, prepared.config, prepared.task.candidate_record(), inputs=prepared.outputs.to_json()
        )
    )
    try:
        with executor.watch.bar(f"exploring {name}") as bar:
            explorer = Explorer(
                prepared.task,
                prepared.model,
                plugins.load_plugin("afl.agents", "recommendation"),
                exploration,
                execution,
                bar,
                skip_failed,
                executor.watch.say,
            )
            return executor.wait(_report(executor, explorer, run, prepared))
    except EndpointError:
        executor.wait(executor.store.discard_if_empty(run))
        raise


async def _report(executor: Executor, explorer: Explorer, run: Run, prepared: PreparedRun) -> ExplorationReport:
    state, usage, seconds = await explorer.explore(run)
    trials, ending = tuple(state.get("trials", [])), state["ending"]
    assert ending is not None, "an exploration ends for a reason"
    if ending is not StopReason.STOPPED:
        await executor.store.knowledge_bases.save(
            KnowledgeBaseRecord(run.name, configuration(prepared.config), trials, run.name)
        )
    options = prepared.task.options
    return ExplorationReport(
        run=run.name,
        base=KnowledgeBase(run.name, options.dataset, options.llm, accepted_hints(trials)),
        ending=ending,
        sessions=state["seen"],
        wrong=state["wrong"],
        unlisted=state["unlisted"],
        failed=state["failed"],
        trials=trials,
        llm=usage.totals(),
        seconds=seconds,
        costs=await run.agent_costs(),
        budget=explorer.execution.budget.report(),
        stand_in=prepared.model.is_stand_in,
    )
