"""`afl rank`: for every session the recommendation agent's list of the best candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.errors import UsageError
from afl.option import DATA, MODELS, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.command_options import CallOptions, PythonAgentOptions
from simulations.options.command import Invocation, command
from simulations.options.groups import (
    NONE,
    CandidateOptions,
    DatasetOptions,
    EngineOptions,
    LanguageModelOptions,
    PromptOptions,
    RecommenderOptions,
    RunNameOptions,
    SessionOptions,
    ToolOptions,
    TrainingDataOptions,
)

if TYPE_CHECKING:
    from afl.data.stored_replies import StoredReplies
    from memory.run import Run
    from simulations.analysis.ranked_lists import RankReport
    from simulations.execution.executor import Executor
    from simulations.execution.stored_answers import Requests
    from simulations.options.run_options import RunOptions


@dataclass(frozen=True, kw_only=True)
class RankOptions(
    DatasetOptions,
    CandidateOptions,
    SessionOptions,
    TrainingDataOptions,
    LanguageModelOptions,
    RecommenderOptions,
    ToolOptions,
    PromptOptions,
    PythonAgentOptions,
    RunNameOptions,
    EngineOptions,
    CallOptions,
):
    """Options of `afl rank`; defaults as in Re2LLM (arXiv 2403.16427)."""

    candidates: int = 50
    top: Annotated[int, Option("Number of candidates the recommendation agent lists", DATA)] = 10
    recommender: str = NONE
    answers: Annotated[
        str | Path | None, Option("Stored answers in place of a language model", MODELS, metavar="FILE")
    ] = None


@outside_event_loop
@command(RankOptions)
def rank(invocation: Invocation[RankOptions]) -> "RankReport":
    """Ask for ranked lists: HR@k and NDCG@k of the recommendation agent; the same command continues the run.

    One request a session, for the `top` best of `candidates`: no user agent, no memory, and no recommender unless one
    is named. Options, continuing, replaying and errors are as in `simulations.simulate`. The set-up is audited before
    the first request; a broken one is a `UsageError`.

    `answers` is a file of stored answers (`afl.data.stored_replies`) in place of a language model: its requests and
    replies are recorded, and the report adds the scores where lines must be exact titles.
    """
    from simulations.analysis.ranked_lists import RankReport
    from simulations.execution.executor import open_executor
    from simulations.execution.stored_answers import (
        exact_lines,
        is_stored,
        require_answers,
        stored_answers,
        stored_request_agents,
    )
    from simulations.leakage.preflight import audit_sessions, require_sound

    options = invocation.options
    if options.answers is not None and options.llm:
        raise UsageError(
            f"--answers: got --llm {options.llm!r} as well; stored answers are a language model of their own"
        )
    if options.answers is not None and (options.prompt_texts or options.show_attributes):
        raise UsageError(
            "--answers: got --prompts or --show-attributes as well; stored answers are to stored requests"
        )
    with open_executor(options) as executor:
        replayed = executor.replayed(options.replay)
        stored = None if options.answers is None else stored_answers(options.answers)
        requests = _requests(executor, stored, replayed)
        if requests is not None:
            executor = replace(executor, agents=stored_request_agents(requests))
        task = executor.task(ranking_options(invocation, replayed, stored))
        if requests is not None:
            require_answers(task, requests, stored)
        suspicions = require_sound(audit_sessions(task))
        execution = executor.execution(options, replayed)
        prepared = executor.prepare(task, options.run, execution)
        report = executor.execute(prepared, execution)
        run = executor.wait(executor.store.run(prepared.name))
        exact = None
        if is_stored(run.config):
            exact = exact_lines(executor.transcripts(run), top=task.options.listed, sessions=run.session_count)
        return RankReport.of(
            report,
            executor.wait(run.target_ranks()),
            candidates=task.options.candidates,
            top=task.options.listed,
            exact=exact,
            audit=suspicions,
        )


def ranking_options(
    invocation: Invocation[RankOptions], replayed: "Run | None" = None, stored: "StoredReplies | None" = None
) -> "RunOptions":
    """What determines the lists; unstated options are those of stored answers or of a recorded run.

    Raises `UsageError` for a recorded run that made no such lists, and for lists longer than there are candidates.
    """
    from simulations.execution.stored_answers import answers_configuration

    options = invocation.options
    fixed: dict[str, Any] = answers_configuration(stored) if stored is not None else {}
    fixed = {name: value for name, value in fixed.items() if name not in invocation.explicit}
    if replayed is not None:
        listed = {"listed": options.top} if "top" in invocation.explicit else {}
        return invocation.run_options(recorded=_of_a_ranking(replayed), **fixed, **listed)
    if not 1 <= options.top <= options.candidates:
        raise UsageError(f"--top: got {options.top}, expected 1 to {options.candidates}, the number of candidates")
    return invocation.run_options(**fixed, listed=options.top, reward=NONE, protocol="ranking", user=False)


def _of_a_ranking(run: "Run") -> Mapping[str, Any]:
    from simulations.task.run_kind import RunKind

    if not RunKind.from_config(run.config).ranks:
        raise UsageError(f"--replay: run {run.name!r} is no ranking run; expected one of `afl rank`")
    return run.config


def _requests(executor: "Executor", stored: "StoredReplies | None", replayed: "Run | None") -> "Requests | None":
    """The stored requests, of the file or of the replayed run; None where agents make them."""
    from simulations.execution.stored_answers import is_stored, recorded_requests_of, requests_of

    if stored is not None:
        return requests_of(stored)
    if replayed is not None and is_stored(replayed.config):
        return executor.wait(recorded_requests_of(replayed))
    return None
