"""`afl hints explore`: a knowledge base of hints, drawn from a model's own mistakes on training sessions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypedDict, Unpack

from afl import plugins
from afl.data.dataset import Split
from afl.data.dataset_store import DatasetStore
from afl.data.sessions import row_count
from afl.errors import ConflictError, EndpointError
from afl.hints.hint_records import accepted_hints
from afl.hints.knowledge_base import KnowledgeBase, require_name
from afl.ports import Clock
from afl.settings import Settings
from memory.knowledge_bases import KnowledgeBaseRecord
from memory.run import Run
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.executor import Executor, PreparedRun, open_executor
from simulations.execution.limits import LimitOptions
from simulations.execution.run import ExecutionConfig
from simulations.graphs.exploration_state import StopReason
from simulations.hints.options import CANDIDATES, MAX_SESSIONS, TOP, ExplorationOptions
from simulations.hints.performing import Explorer, configuration
from simulations.hints.report import ExplorationReport
from simulations.options.run_options import NONE, CandidatesFrom, RunOptions, at_least
from simulations.progress import Watching
from simulations.studies.options import execution_config
from simulations.task.model_outputs import ModelOutputs


class ExploringOptions(LimitOptions, total=False):
    """Options that do not change what is found, or that every run has; with the meaning they have in `simulate`."""

    candidates: int | None
    """Length of a candidate list; 50 by default."""
    candidates_from: CandidatesFrom | None
    seed: int | None
    train_on: str | None
    concurrency: int
    base_url: str | None
    replay: str | None
    cache: bool
    db: str | None
    settings: Settings | None
    watch: Watching | None
    clock: Clock | None


@outside_event_loop
def hints_explore(
    *,
    run: str,
    dataset: str | None = None,
    llm: str | None = None,
    size: int | None = None,
    max_sessions: int | None = None,
    top: int | None = None,
    others: int | None = None,
    helped: int | None = None,
    without: Sequence[str] | None = None,
    skip_failed: bool = False,
    **options: Unpack[ExploringOptions],
) -> ExplorationReport:
    """Looks for `size` hints (20) on up to `max_sessions` training sessions (500) whose target the model misses.

    A list of `top` (10) candidates is asked for. Of one without the target the model says what went wrong and draws
    hints. They must name no title, help their own session and at least `helped` (1) of `others` (5), and say something
    new; `without` switches the filters `leak`, `effect` and `redundancy` off. The run `run` holds every call, the base
    of the same name the hints, with what became of the others. The same call continues; `replay` answers from the run
    of that name alone. With `skip_failed` calls that fail are done without, as those without a usable answer are, and
    do not stop the exploration: for a session that the model can never answer.

    Raises as `simulate` does; `ConflictError` also where a base of this name was not found by this run.
    """
    with open_executor(
        db=options.get("db"), settings=options.get("settings"), watch=options.get("watch"), agents=None, tools=()
    ) as executor:
        old = None if (name := options.get("replay")) is None else executor.wait(executor.store.run(name))
        execution = execution_config(options).answered_from(
            old, executor.store.reply_cache if options.get("cache") else None
        )
        recorded = {} if old is None else dict(old.config)
        said = {
            "dataset": dataset,
            "llm": llm,
            "listed": top,
            "sessions": max_sessions,
            **{key: options.get(key) for key in ("candidates", "candidates_from", "seed", "train_on")},
        }
        run_options = _run_options(executor, said, recorded)
        how_found = {"size": size, "others": others, "helped": helped, "without": without}
        exploration = ExplorationOptions.given(how_found, recorded=recorded.get("exploration"))
        return _explored(executor, require_name(run), run_options, exploration, execution, skip_failed)


class _Defaults(TypedDict):
    candidates: int
    listed: int
    sessions: int


_DEFAULTS = _Defaults(candidates=CANDIDATES, listed=TOP, sessions=MAX_SESSIONS)
_ALWAYS = {
    "protocol": "exploration",
    "split": "train",
    "user": False,
    "rounds": 1,
    "recommender": NONE,
    "reward": NONE,
}


def _run_options(executor: Executor, said: dict[str, Any], recorded: dict[str, Any]) -> RunOptions:
    """Training sessions in seeded order, as many as there are up to the most that were asked for."""
    given = RunOptions.given({**said, **_ALWAYS}, recorded=recorded or _DEFAULTS)
    dataset = DatasetStore(executor.settings.data_dir).load(given.dataset)
    assert given.sessions is not None, "it has a default"
    at_least("max-sessions", given.sessions, 2)
    return replace(given, sessions=max(1, min(given.sessions, row_count(dataset, Split.TRAIN))))


def _explored(
    executor: Executor,
    name: str,
    options: RunOptions,
    exploration: ExplorationOptions,
    execution: ExecutionConfig,
    skip_failed: bool,
) -> ExplorationReport:
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
