"""One call of a command that plays runs: the open store, the loaded language model, and a run from start to report."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from afl.data.dataset_store import DatasetStore
from afl.errors import EndpointError
from afl.hints.knowledge_base import KnowledgeBase
from afl.llm.language_model import LanguageModel, LanguageModelSpec
from afl.llm.registry import load_model, recorded_model
from afl.ports import RecommenderTool
from afl.settings import Settings
from memory.records import Transcript
from memory.run import Run
from memory.store import Store
from simulations.analysis.simulation_report import SimulationReport
from simulations.engines.base import Engine, Home
from simulations.execution.agent_factory import Agency
from simulations.execution.asynchrony import Wait, waiting
from simulations.execution.identity import configuration, default_name, same_inputs
from simulations.execution.limits import open_account
from simulations.execution.run import Performance, perform
from simulations.options.run_options import RunOptions
from simulations.progress import Unwatched, Watching
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Study
from simulations.task.training_data import training_data


@contextmanager
def calling(
    *,
    db: str | None,
    settings: Settings | None,
    watch: Watching | None,
    agency: Agency | None,
    tools: Sequence[str | RecommenderTool],
) -> Iterator["Call"]:
    """A call over an open store; store and language models are closed in the end. `tools` may hold your own parts."""
    settings = settings or Settings()
    own = tuple(tool for tool in tools if not isinstance(tool, str))
    home = Home(db or settings.db_url, settings)
    with waiting() as wait:
        store = wait(Store.open(home.url))
        call = Call(store, home, watch or Unwatched(), (agency or Agency()).with_tools(own), wait)
        try:
            yield call
        finally:
            call.close()
            wait(store.close())


@dataclass(frozen=True)
class Prepared:
    """A run before anything is asked: who takes part, what the models said, and the run itself if it was begun."""

    name: str
    config: dict[str, Any]
    study: Study
    agency: Agency
    model: LanguageModel
    outputs: ModelOutputs
    found: Run | None


@dataclass(frozen=True)
class Call:
    """One call of a command, step by step: the sessions, the language model, what base models say, run and report."""

    store: Store
    home: Home
    watch: Watching
    agency: Agency
    wait: Wait
    _models: dict[tuple[str, str], LanguageModel] = field(default_factory=dict)
    _engines: list[Engine] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return self.home.settings

    def perform(self, said: dict[str, Any], name: str | None, how: Performance) -> SimulationReport:
        """The run that these options describe, started or continued to its end."""
        options = RunOptions.given(said, recorded=None if how.replay is None else how.replay.config)
        return self.play(self.prepare(self.study(options), name, how), how)

    def study(self, options: RunOptions, base: KnowledgeBase | None = None) -> Study:
        """The sessions that these options speak of, from the library; with `base`, its hints are tried on them."""
        library = DatasetStore(self.settings.data_dir)
        dataset = library.load(options.dataset)
        if base is None and options.hints is not None:
            base = self.wait(self.store.knowledge_bases.load(options.hints)).base
        return Study.of(dataset, options, training_data(library, dataset, options.train_on), base)

    def prepare(
        self,
        study: Study,
        name: str | None,
        how: Performance,
        *,
        outputs: ModelOutputs | None = None,
        also: Mapping[str, Any] | None = None,
    ) -> Prepared:
        """All that a run needs, with nothing asked of the language model and nothing written.

        What the base models say comes from the run as it was begun, or the one that is replayed if it asked the same
        models about the same sessions; else from `outputs`, else from the models, which are trained if need be.
        `also` determines results beside what the study says.
        Raises `ConflictError` where the run was begun with something different.
        """
        agency = self.agency.complete(study.options, study.training, self.settings)
        model = self._model(study, how)
        config = configuration(study, model, agency, self.settings) | dict(also or {})
        name = name or default_name(config)
        found = self.wait(self.store.find_run(name))
        if found is not None:
            found.require_config(config)
            # What it has cost counts before any other run of the command spends more.
            self.wait(open_account(how.budget, found, model))
        kept = found or how.replay
        if kept is not None and same_inputs(kept.config, config):
            outputs = ModelOutputs.from_json(self.wait(kept.inputs()))
        outputs = outputs or ModelOutputs.of(study, self.settings, self.watch)
        return Prepared(name, config, study, agency, model, outputs, found)

    def play(self, ready: Prepared, how: Performance) -> SimulationReport:
        """Runs what is left to do; a run that never got a reply out of its model leaves no trace."""
        if ready.found is None or len(self.wait(ready.found.finished_sessions())) < len(ready.study):
            if how.engine not in self._engines:
                self._engines.append(how.engine)
            how.engine.start(self.home, self.watch.say)
        run = ready.found or self.wait(
            self.store.begin_run(
                ready.name, ready.config, ready.study.candidate_record(), inputs=ready.outputs.to_json()
            )
        )
        try:
            with self.watch.bar(f"simulating {run.name}") as bar:
                return self.wait(
                    perform(
                        run,
                        ready.study,
                        ready.outputs,
                        ready.model,
                        ready.agency,
                        how=how,
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

    def _model(self, study: Study, how: Performance) -> LanguageModel:
        """The language model, loaded and reached once; a replay has only its recorded name and parameters."""
        if how.replay is not None:
            recorded = how.replay.config
            return recorded_model(recorded["llm_name"], recorded["llm_parameters"])
        key = (study.options.llm, study.training.hash)
        if key not in self._models:
            self._models[key] = load_model(
                LanguageModelSpec(study.options.llm, base_url=how.base_url),
                dataset=study.training,
                settings=self.settings,
                timeout=how.times.attempt,
            )
            how.budget.require_price(self._models[key])
            self.wait(self._models[key].check())
        return self._models[key]
