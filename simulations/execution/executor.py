"""One call of a command: the open database, the loaded language models, and a run from its options to its report."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import EndpointError, UsageError
from afl.hints.knowledge_base import KnowledgeBase
from afl.llm.language_model import LanguageModel, LanguageModelSpec, PerRole, load_model
from afl.prompt_headings import Headings
from afl.settings import Settings
from memory.records import Transcript
from memory.run import Run
from memory.store import Store
from simulations.analysis.simulation_report import SimulationReport
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import Wait, event_loop
from simulations.execution.command_options import CallOptions, PythonAgentOptions, StorageOptions
from simulations.execution.engine import Engine, PreparedRun, StorageLocation, load_engine
from simulations.execution.execution_config import ExecutionConfig
from simulations.execution.identity import default_name, has_fewer_rounds, run_configuration, same_inputs
from simulations.execution.language_models import model_specs, recorded_models
from simulations.execution.limits import open_account
from simulations.execution.run import execute_run
from simulations.options.groups import EngineOptions, ToolOptions
from simulations.options.run_options import RunOptions
from simulations.progress import Unwatched, Watching
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task
from simulations.task.training_data import training_data


@contextmanager
def open_executor(options: StorageOptions) -> Iterator["Executor"]:
    """An executor over an open database, with the agents and tools given as objects; it closes all that it opens."""
    settings = options.settings or Settings()
    agents = options.agents if isinstance(options, PythonAgentOptions) else None
    tools = options.tools if isinstance(options, ToolOptions) else ()
    tool_objects = tuple(tool for tool in tools if not isinstance(tool, str))
    engine = load_engine(options if isinstance(options, EngineOptions) else None)
    storage = StorageLocation(options.db or settings.db_url, settings)
    with event_loop() as wait:
        store = wait(Store.open(storage.url))
        agents = (agents or AgentFactory()).with_tools(tool_objects)
        executor = Executor(store, storage, options.watch or Unwatched(), agents, wait, engine)
        try:
            yield executor
        finally:
            executor.close()
            wait(store.close())


@dataclass(frozen=True)
class Executor:
    """One call of a command, step by step: the sessions, what base models say, the language models, run and report."""

    store: Store
    storage: StorageLocation
    watch: Watching
    agents: AgentFactory
    wait: Wait
    engine: Engine
    _models: dict[tuple[LanguageModelSpec, str, Headings], LanguageModel] = field(default_factory=dict)
    _reached: list[LanguageModel] = field(default_factory=list)

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
        """The sessions that these options describe; hints of `knowledge_base` are tried on them."""
        datasets = DatasetStore(self.settings.data_dir)
        dataset = datasets.load(options.dataset)
        if knowledge_base is None and options.hints is not None:
            knowledge_base = self.wait(self.store.knowledge_bases.load(options.hints)).base
        return Task.of(dataset, options, training_data(datasets, dataset, options.train_on), knowledge_base)

    def prepare(
        self,
        task: Task,
        name: str | None,
        execution: ExecutionConfig,
        *,
        outputs: ModelOutputs | None = None,
        extra_configuration: Mapping[str, Any] | None = None,
    ) -> PreparedRun:
        """All that a run needs; no request is sent and nothing is written.

        Its language models are reached once a command, and not for a run that is complete.
        The outputs of base models come from the run where it exists, or from the replayed run if it has the same
        models and sessions; else from `outputs`, else from the models, which are trained if need be.
        `extra_configuration` determines results, too. Raises `ConflictError` where the existing run differs.
        """
        agents = self.agents.complete(task.options, task.training, self.settings)
        specs = model_specs(task.options, execution.endpoint, self.settings)
        models = self._load_models(specs, task, execution)
        config = run_configuration(task, models, agents, self.settings) | dict(extra_configuration or {})
        name = name or default_name(config)
        existing = self.wait(self.store.find_run(name))
        if existing is not None:
            existing.require_config(config)
            # What it has cost counts before any other run of the command spends more.
            self.wait(open_account(execution.budget, existing, models))
        if existing is None or not self._is_complete(existing, task):
            self._reach(models)
        recorded = existing or execution.replay
        if recorded is not None and same_inputs(recorded.config, config):
            outputs = ModelOutputs.from_json(self.wait(recorded.inputs()))
        outputs = outputs or ModelOutputs.of(task, self.settings, self.watch)
        return PreparedRun(name, config, task, agents, specs, models, outputs, existing)

    def execute(self, prepared: PreparedRun, execution: ExecutionConfig) -> SimulationReport:
        """Runs the sessions that remain; a run that never got a reply from its model leaves no trace."""
        existing = prepared.existing
        if existing is None or not self._is_complete(existing, prepared.task):
            self.engine.start(self.storage, self.watch.say)
        if existing is None and execution.replay is None and execution.cache_lookup is None:
            self._mention_shorter_runs(prepared)
        run = existing or self.begin_run(prepared)
        try:
            with self.watch.bar(f"simulating {run.name}") as bar:
                return self.wait(
                    execute_run(run, prepared, execution, self.engine, bar=bar, notify=self.watch.say)
                )
        except EndpointError:
            self.wait(self.store.discard_if_empty(run))
            raise

    def _mention_shorter_runs(self, prepared: PreparedRun) -> None:
        """Says that `--cache` reuses the replies of a run with fewer rounds; those of the stand-in cost nothing."""
        if all(model.is_stand_in for model in prepared.models.distinct):
            return
        config = json.loads(json.dumps(prepared.config))
        for run in self.wait(self.store.other_runs(prepared.name)):
            if has_fewer_rounds(run.config, config):
                self.watch.say(
                    f"run {run.name!r} is the same with {run.config['rounds']} rounds in place of {config['rounds']}: "
                    "with --cache its replies are reused"
                )

    def begin_run(self, prepared: PreparedRun) -> Run:
        """A new run in the database, with its candidate lists and the outputs of base models."""
        lists, inputs = prepared.task.candidate_record(), prepared.outputs.to_json()
        return self.wait(self.store.begin_run(prepared.name, prepared.config, lists, inputs=inputs))

    def transcripts(self, run: Run) -> Iterator[Transcript]:
        """Every recorded session of a run, by id in plain string order, few in memory at a time."""
        transcripts = run.transcripts_by_id()
        while (transcript := self.wait(anext(transcripts, None))) is not None:
            yield transcript

    def close(self) -> None:
        """Closes the engine and every language model that was loaded."""
        self.engine.close()
        for model in self._models.values():
            self.wait(model.close())

    def _load_models(
        self, specs: PerRole[LanguageModelSpec], task: Task, execution: ExecutionConfig
    ) -> PerRole[LanguageModel]:
        """The models, each loaded once a command; a replay has only their recorded names and parameters."""
        if execution.replay is not None:
            return recorded_models(execution.replay.config)
        return specs.map(lambda spec: self._load_model(spec, task, execution))

    def _load_model(self, spec: LanguageModelSpec, task: Task, execution: ExecutionConfig) -> LanguageModel:
        dataset, headings = task.training, task.options.headings
        key = (spec, dataset.hash, headings)
        if key not in self._models:
            timeout = execution.time_limits.attempt
            self._models[key] = load_model(
                spec, dataset=dataset, settings=self.settings, timeout=timeout, headings=headings
            )
            execution.budget.require_price(self._models[key], prices_file=self.settings.prices_file)
            self._require_supported(self._models[key])
        return self._models[key]

    def _require_supported(self, model: LanguageModel) -> None:
        """Raises `UsageError` for a model that other processes than this one cannot share."""
        if model.is_in_process and not self.engine.is_in_process:
            raise UsageError(
                f"{model.name}: each worker would start a server of its own; "
                "start one for all and ask it with --llm openai:NAME --base-url URL"
            )

    def _is_complete(self, run: Run, task: Task) -> bool:
        return len(self.wait(run.finished_sessions())) == len(task)

    def _reach(self, models: PerRole[LanguageModel]) -> None:
        """Shows what is odd about the endpoints of the models. Raises `EndpointError` where one cannot work."""
        for model in models.distinct:
            if all(model is not reached for reached in self._reached):
                self._reached.append(model)
                if warning := self.wait(model.check()):
                    self.watch.say(warning)
