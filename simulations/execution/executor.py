"""One call of a command that plays runs: the open store, the loaded language model, and a run from start to report."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import EndpointError
from afl.hints.knowledge_base import KnowledgeBase
from afl.llm.language_model import LanguageModel, LanguageModelSpec
from afl.llm.registry import load_model, recorded_model
from afl.settings import Settings
from memory.records import Transcript
from memory.run import Run
from memory.store import Store
from simulations.analysis.simulation_report import SimulationReport
from simulations.engines.base import Engine, StorageLocation
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import Wait, waiting
from simulations.execution.identity import default_name, run_configuration, same_inputs
from simulations.execution.limits import open_account
from simulations.execution.run import ExecutionConfig, execute_run
from simulations.options.groups import CallOptions, PythonAgentOptions, StorageOptions, ToolOptions
from simulations.options.run_options import RunOptions
from simulations.progress import Unwatched, Watching
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task
from simulations.task.training_data import training_data


@contextmanager
def open_executor(options: StorageOptions) -> Iterator["Executor"]:
    """An executor over an open store, with the agents and tools given as objects; all it opens is closed in the end."""
    settings = options.settings or Settings()
    agents = options.agents if isinstance(options, PythonAgentOptions) else None
    tools = options.tools if isinstance(options, ToolOptions) else ()
    tool_objects = tuple(tool for tool in tools if not isinstance(tool, str))
    storage = StorageLocation(options.db or settings.db_url, settings)
    with waiting() as wait:
        store = wait(Store.open(storage.url))
        agents = (agents or AgentFactory()).with_tools(tool_objects)
        executor = Executor(store, storage, options.watch or Unwatched(), agents, wait)
        try:
            yield executor
        finally:
            executor.close()
            wait(store.close())


@dataclass(frozen=True)
class PreparedRun:
    """A run before anything is asked: who takes part, what the models said, and the run itself if it was begun."""

    name: str
    config: dict[str, Any]
    task: Task
    agents: AgentFactory
    model: LanguageModel
    outputs: ModelOutputs
    existing: Run | None


@dataclass(frozen=True)
class Executor:
    """One call of a command, step by step: the sessions, the language model, what base models say, run and report."""

    store: Store
    storage: StorageLocation
    watch: Watching
    agents: AgentFactory
    wait: Wait
    _models: dict[tuple[str, str], LanguageModel] = field(default_factory=dict)
    _engines: list[Engine] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.storage.settings

    def replayed(self, name: str | None) -> Run | None:
        """The recorded run that alone answers; None where none is named. Raises `NotFoundError`."""
        return None if name is None else self.wait(self.store.run(name))

    def execution(self, options: CallOptions, replay: Run | None) -> ExecutionConfig:
        """How runs are executed: as the options say, answered by the replayed run alone or also from the cache."""
        return ExecutionConfig.of(options).answered_from(replay, self.store.reply_cache if options.cache else None)

    def run(self, options: RunOptions, name: str | None, execution: ExecutionConfig) -> SimulationReport:
        """The run that these options describe, started or continued to its end."""
        return self.execute(self.prepare(self.task(options), name, execution), execution)

    def task(self, options: RunOptions, knowledge_base: KnowledgeBase | None = None) -> Task:
        """The sessions that these options describe, from the library; hints of `knowledge_base` are tried on them."""
        library = DatasetStore(self.settings.data_dir)
        dataset = library.load(options.dataset)
        if knowledge_base is None and options.hints is not None:
            knowledge_base = self.wait(self.store.knowledge_bases.load(options.hints)).base
        return Task.of(dataset, options, training_data(library, dataset, options.train_on), knowledge_base)

    def prepare(
        self,
        task: Task,
        name: str | None,
        execution: ExecutionConfig,
        *,
        outputs: ModelOutputs | None = None,
        extra_configuration: Mapping[str, Any] | None = None,
    ) -> PreparedRun:
        """All that a run needs, with nothing asked of the language model and nothing written.

        What the base models say comes from the run as it was begun, or the one that is replayed if it asked the same
        models about the same sessions; else from `outputs`, else from the models, which are trained if need be.
        `also` determines results beside what the study says.
        Raises `ConflictError` where the run was begun with something different.
        """
        agents = self.agents.complete(task.options, task.training, self.settings)
        model = self._model(task, execution)
        config = run_configuration(task, model, agents, self.settings) | dict(extra_configuration or {})
        name = name or default_name(config)
        existing = self.wait(self.store.find_run(name))
        if existing is not None:
            existing.require_config(config)
            # What it has cost counts before any other run of the command spends more.
            self.wait(open_account(execution.budget, existing, model))
        recorded = existing or execution.replay
        if recorded is not None and same_inputs(recorded.config, config):
            outputs = ModelOutputs.from_json(self.wait(recorded.inputs()))
        outputs = outputs or ModelOutputs.of(task, self.settings, self.watch)
        return PreparedRun(name, config, task, agents, model, outputs, existing)

    def execute(self, prepared: PreparedRun, execution: ExecutionConfig) -> SimulationReport:
        """Runs what is left to do; a run that never got a reply out of its model leaves no trace."""
        if prepared.existing is None or len(self.wait(prepared.existing.finished_sessions())) < len(prepared.task):
            if execution.engine not in self._engines:
                self._engines.append(execution.engine)
            execution.engine.start(self.storage, self.watch.say)
        run = prepared.existing or self.wait(
            self.store.begin_run(
                prepared.name, prepared.config, prepared.task.candidate_record(), inputs=prepared.outputs.to_json()
            )
        )
        try:
            with self.watch.bar(f"simulating {run.name}") as bar:
                return self.wait(
                    execute_run(
                        run,
                        prepared.task,
                        prepared.outputs,
                        prepared.model,
                        prepared.agents,
                        execution=execution,
                        bar=bar,
                        say=self.watch.say,
                    )
                )
        except EndpointError:
            self.wait(self.store.discard_if_empty(run))
            raise

    def transcripts(self, run: Run) -> Iterator[Transcript]:
        """Every recorded session of a run, by id in plain string order, few in memory at a time."""
        transcripts = run.transcripts_by_id()
        while (one := self.wait(anext(transcripts, None))) is not None:
            yield one

    def close(self) -> None:
        """Closes every engine that was started and every language model that was loaded."""
        for engine in self._engines:
            engine.close()
        for model in self._models.values():
            self.wait(model.close())

    def _model(self, task: Task, execution: ExecutionConfig) -> LanguageModel:
        """The language model, loaded and reached once; a replay has only its recorded name and parameters."""
        if execution.replay is not None:
            recorded = execution.replay.config
            return recorded_model(recorded["llm_name"], recorded["llm_parameters"])
        key = (task.options.llm, task.training.hash)
        if key not in self._models:
            self._models[key] = load_model(
                LanguageModelSpec(task.options.llm, base_url=execution.base_url),
                dataset=task.training,
                settings=self.settings,
                timeout=execution.times.attempt,
            )
            execution.budget.require_price(self._models[key])
            self.wait(self._models[key].check())
        return self._models[key]
