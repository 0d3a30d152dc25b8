"""`afl simulate`: the feedback loop over the sessions of a data set, started, continued or replayed."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

from afl.clock import SystemClock
from afl.data.library import Library
from afl.errors import EndpointError
from afl.llm.context import LanguageModel
from afl.llm.registry import load_model
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from memory.run import Run
from memory.store import Store
from simulations.agency import Agency
from simulations.asynchrony import Wait, outside_event_loop, waiting
from simulations.configuration import configuration, default_name, recorded_model
from simulations.inputs import ModelOutputs
from simulations.options import CandidatesFrom, SimulateOptions, SplitName
from simulations.progress import Unwatched, Watching
from simulations.report import SimulationReport
from simulations.run import Performance, perform
from simulations.study import Study
from simulations.training_data import training_data


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
    agency: Agency | None = None,
    run: str | None = None,
    concurrency: int = 64,
    base_url: str | None = None,
    replay: str | None = None,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
    clock: Clock | None = None,
) -> SimulationReport:
    """Runs every session of the study through the loop and reports how often the target was recommended.

    What is not said has the default of `SimulateOptions`, or the value of the run that is replayed. The same call on
    the same run continues it: what the journal holds is not asked again. `tools` and `agency` also take parts of your
    own. With `cache`, equal requests of earlier runs answer. `concurrency` and `base_url` may change from call to
    call; whatever determines results may not. `clock` is what the waits between tries are taken from.

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
    }
    settings = settings or Settings()
    own = tuple(tool for tool in tools if not isinstance(tool, str))
    how = Performance(concurrency, base_url, clock=clock or SystemClock())
    with waiting() as wait:
        store = wait(Store.open(db or settings.db_url))
        try:
            call = Call(store, settings, watch or Unwatched(), (agency or Agency()).with_tools(own), wait)
            old = None if replay is None else wait(store.run(replay))
            return call.perform(said, run, how.answered_by(old, store.recall if cache else None))
        finally:
            wait(store.close())


@dataclass(frozen=True)
class Call:
    """One call of `simulate`, step by step: what is asked, what the models say, the run, the report."""

    store: Store
    settings: Settings
    watch: Watching
    agency: Agency
    wait: Wait

    def perform(self, said: dict[str, Any], name: str | None, how: Performance) -> SimulationReport:
        options = SimulateOptions.given(said, recorded=None if how.replay is None else how.replay.config)
        study = self.study(options)
        agency = self.agency.complete(options, study.training, self.settings)
        model = self._model(study, how)
        try:
            self.wait(model.check())
            config = configuration(study, model, agency)
            run, outputs = self._run(name or default_name(config), config, study)
            with self.watch.bar(f"simulating {run.name}") as bar:
                return self._perform(run, perform(run, study, outputs, model, agency, how=how, bar=bar))
        finally:
            self.wait(model.close())

    def study(self, options: SimulateOptions) -> Study:
        """The sessions that these options speak of, from the library."""
        library = Library(self.settings.data_dir)
        dataset = library.load(options.dataset)
        return Study.of(dataset, options, training_data(library, dataset, options.train_on))

    def _perform(self, run: Run, performance: Awaitable[SimulationReport]) -> SimulationReport:
        """The report; a run that never got a reply out of its model leaves no trace."""
        try:
            return self.wait(performance)
        except EndpointError:
            self.wait(self.store.discard_if_empty(run))
            raise

    def _model(self, study: Study, how: Performance) -> LanguageModel:
        """The language model; a replay has none, only its recorded name and parameters."""
        if how.replay is not None:
            return recorded_model(how.replay.config)
        return load_model(study.options.llm, dataset=study.training, base_url=how.base_url, settings=self.settings)

    def _run(self, name: str, config: dict[str, Any], study: Study) -> tuple[Run, ModelOutputs]:
        """The run as it was begun, or begun now; what the models say is kept with it from the start."""
        found = self.wait(self.store.find(name))
        if found is not None:
            found.require(config)
            return found, ModelOutputs.from_json(self.wait(found.inputs()))
        outputs = ModelOutputs.of(study, self.settings, self.watch)
        run = self.wait(self.store.begin_run(name, config, study.candidate_record(), inputs=outputs.to_json()))
        return run, outputs
