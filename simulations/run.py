"""Performs a run: holds it, runs the sessions that are still to do, and reports what the database says."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Self

from afl.clock import SystemClock
from afl.data.sessions import Session
from afl.errors import TimeLimitError
from afl.llm.budget import Budget
from afl.llm.cache import Recall
from afl.llm.context import LanguageModel
from afl.llm.limits import AdaptiveLimiter
from afl.llm.rates import Rates
from afl.llm.stall import StallWatch, unheard
from afl.llm.time_limits import Deadlines, TimeLimits
from afl.llm.usage import Usage
from afl.ports import Clock, Journal, Progress
from afl.types import Role
from memory.records import Judgement, SessionRecord
from memory.run import Run
from simulations.agency import Agency
from simulations.inputs import ModelOutputs
from simulations.limits import PaceKeeper, spending
from simulations.options import at_least
from simulations.runner import Runner
from simulations.simulation_report import SimulationReport
from simulations.state import DialogueState
from simulations.study import Study
from simulations.wiring import join, open_gate


@dataclass(frozen=True)
class Performance:
    """How a run is performed: nothing of it changes a result."""

    concurrency: int = 64
    base_url: str | None = None
    replay: Run | None = None
    """The recorded run that alone may answer."""
    recall: Recall | None = None
    """Where equal requests of earlier runs are looked up; None asks the model."""
    clock: Clock = field(default_factory=SystemClock)
    """What measures the run, and what it waits by between tries."""
    rates: Rates = field(default_factory=Rates)
    """Requests and tokens per minute, over all runs of the command."""
    budget: Budget = field(default_factory=Budget)
    """What all runs of the command may cost together."""
    times: TimeLimits = field(default_factory=TimeLimits)
    """How long a try, a session and a run may take."""

    def __post_init__(self) -> None:
        at_least("concurrency", self.concurrency, 1)

    def answered_by(self, replay: Run | None, recall: Recall | None) -> Self:
        """The same performance, with who else than the model may answer."""
        return replace(self, replay=replay, recall=recall)


async def perform(
    run: Run,
    study: Study,
    outputs: ModelOutputs,
    model: LanguageModel,
    agency: Agency,
    *,
    how: Performance,
    bar: Progress,
    say: Callable[[str], None] = unheard,
) -> SimulationReport:
    """Runs what a continuation has left to do and reports the whole run.

    Raises `ConflictError` when another process holds the run, `EndpointError` when no call can work, `ReplayError`
    when a replay misses a request, `TimeLimitError` when the run's time is up; whatever was recorded by then stays.
    `say` is given a line for people in the middle of the run.
    """
    usage = Usage()
    limiter = AdaptiveLimiter(how.concurrency, rates=how.rates, clock=how.clock)
    deadlines = Deadlines(how.times, how.clock)
    stall = StallWatch(_endpoint(model), after=how.times.stall, clock=how.clock, say=say)
    async with run.hold(), spending(how.budget, run, model) as account:
        gate = open_gate(
            model,
            run.journal(),
            recorded=_journal_of(how.replay),
            recall=how.recall,
            limiter=limiter,
            account=account,
            clock=how.clock,
            usage=usage,
            deadlines=deadlines,
            stall=stall,
        )
        finished = await run.finished()
        pace = PaceKeeper(run, limiter.history)
        recorder = Recorder(run, study, outputs, usage, bar, pace, done=len(finished))
        runner = Runner(
            join(study, outputs, agency, gate),
            recorder,
            rounds=study.options.rounds,
            concurrency=how.concurrency,
            deadlines=deadlines,
        )
        started = how.clock.monotonic()
        try:
            async with stall.watching():
                await runner.run(
                    study.session(place) for place, row in enumerate(study.rows) if row.id not in finished
                )
        except TimeLimitError as error:
            raise TimeLimitError(
                f"run {run.name!r}, {recorder.done} of {len(study)} sessions done: {error}"
            ) from None
        seconds = how.clock.monotonic() - started
        totals, costs, changes = await run.totals(), await run.costs(), await run.pace()
    return SimulationReport.of(
        run.name,
        totals,
        rounds=study.options.rounds,
        with_base=outputs.suggestions is not None,
        llm=usage.totals(),
        candidates_hash=study.candidates_hash,
        seconds=seconds,
        stand_in=model.name.startswith("offline"),
        costs=costs,
        budget=how.budget.report(),
        pace=changes,
    )


def _endpoint(model: LanguageModel) -> str:
    return f"{model.name} at {model.place}" if model.place else model.name


def _journal_of(run: Run | None) -> Journal | None:
    return None if run is None else run.journal()


@dataclass
class Recorder:
    """Joins each dialogue with its target, keeps it, and tells whoever watches."""

    run: Run
    study: Study
    outputs: ModelOutputs
    usage: Usage
    bar: Progress
    pace: PaceKeeper
    done: int = 0
    hits: int = 0
    new: int = 0
    places: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.places = {row.id: place for place, row in enumerate(self.study.rows)}
        self._tell()

    async def __call__(self, session: Session, state: DialogueState) -> None:
        """The first place at which target and dialogue meet: the agents are done."""
        place = self.places[session.id]
        record = SessionRecord.of(
            session.view,
            position=place,
            target=session.target,
            suggestion=self.outputs.suggested(place),
            turns=state.get("turns", []),
            memories={
                Role.RECOMMENDATION: state.get("recommendation_memory", []),
                Role.USER: state.get("user_memory", []),
            },
            judgements=self._judgements(place, session, state),
        )
        await self.run.finish(record)
        if self.usage.calls:
            await self.pace.keep()
        self.done += 1
        self.new += 1
        self.hits += record.hit
        self._tell()

    def _judgements(self, place: int, session: Session, state: DialogueState) -> list[Judgement]:
        """What was judged, beside what is true: the wanted items come first."""
        turns, judged = state.get("judgements", []), self.study.judged
        if judged is None or not turns:
            return []
        titles = [self.study.dataset.catalogue.titles[item] for item in judged.items[place].tolist()]
        labels = judged.labels.tolist()
        return [Judgement(turn, *said) for turn, *said in zip(turns, titles, labels, strict=True)]

    def _tell(self) -> None:
        self.bar(self.done, len(self.study), self._text())

    @property
    def recommends(self) -> bool:
        """Whether sessions end with a recommendation that hits or misses."""
        return self.study.options.loop and self.study.options.protocol != "hints"

    def _text(self) -> str:
        usage = self.usage
        cost = "" if not usage.cost_usd else f" · ${usage.cost_usd:.4f}"
        rate = f"hit rate {self.hits / self.new:.3f} · " if self.new and self.recommends else ""
        tokens = usage.prompt_tokens + usage.completion_tokens
        return f"{rate}{usage.calls:,} calls · {tokens:,} tokens{cost}"
