"""`afl rank`: for every session the recommendation agent's list of the best candidates."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack

from afl.data.stored_replies import StoredReplies
from afl.errors import UsageError
from afl.ports import Clock, RecommenderTool
from afl.settings import Settings
from memory.run import Run
from simulations.analysis.rank_report import RankReport
from simulations.engines.options import PlayingOptions
from simulations.execution.agent_factory import AgentFactory
from simulations.execution.asynchrony import outside_event_loop
from simulations.execution.executor import Executor, open_executor
from simulations.execution.run import ExecutionConfig
from simulations.leakage.preflight import audit_sessions, require_sound
from simulations.options.run_options import NONE, CandidatesFrom, RunOptions, SplitName
from simulations.progress import Watching
from simulations.studies.options import execution_config
from simulations.task.run_kind import RunKind
from simulations.task.stored_answers import (
    Requests,
    answered_by,
    asking,
    exact_lines,
    is_stored,
    requests_asked,
    requests_of,
    require_answers,
    stored_answers,
)
from simulations.task.task import Task

CANDIDATES, TOP = 50, 10
"""As Re2LLM (arXiv 2403.16427) has them."""


@outside_event_loop
def rank(
    *,
    dataset: str | None = None,
    llm: str | None = None,
    candidates: int | None = None,
    top: int | None = None,
    candidates_from: CandidatesFrom | None = None,
    seed: int | None = None,
    split: SplitName | None = None,
    train_on: str | None = None,
    sessions: int | None = None,
    recommender: str | None = None,
    tools: Sequence[str | RecommenderTool] = (),
    agents: AgentFactory | None = None,
    run: str | None = None,
    concurrency: int = 64,
    base_url: str | None = None,
    replay: str | None = None,
    answers: str | Path | None = None,
    cache: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
    clock: Clock | None = None,
    **playing: Unpack[PlayingOptions],
) -> RankReport:
    """Asks the recommendation agent for the `top` (10) best of `candidates` (50) in every session: HR@k and NDCG@k.

    One request a session: no user agent, no memory, and no recommender unless one is named. Options, continuing,
    replaying and errors are as in `simulations.simulate`. The set-up is audited before anything is asked; a broken
    one is a `UsageError`.

    `answers` is a file of stored answers (`afl.data.stored_replies`) in place of a language model: its requests are
    asked, its replies recorded, and the report also says what they are worth when lines must be exact.
    """
    if answers is not None and llm is not None:
        raise UsageError(f"--answers: got --llm {llm!r} as well; stored answers are a language model of their own")
    said: dict[str, Any] = {
        "dataset": dataset,
        "llm": llm,
        "candidates": candidates,
        "listed": top,
        "candidates_from": candidates_from,
        "seed": seed,
        "split": split,
        "train_on": train_on,
        "sessions": sessions,
        "recommender": recommender,
        "tools": tuple(tool if isinstance(tool, str) else tool.name for tool in tools) or None,
    }
    execution = execution_config({**playing, "concurrency": concurrency, "base_url": base_url, "clock": clock})
    with open_executor(db=db, settings=settings, watch=watch, agents=agents, tools=tools) as executor:
        old = None if replay is None else executor.wait(executor.store.run(replay))
        stored = None if answers is None else stored_answers(answers)
        requests = _requests(executor, stored, old)
        if stored is not None:
            said |= {key: value for key, value in answered_by(stored).items() if said[key] is None}
        if requests is not None:
            executor = replace(executor, agents=asking(requests))
        task = executor.task(options(said, old))
        if requests is not None:
            require_answers(task, requests, stored)
        return ranked(
            executor, task, run, execution.answered_from(old, executor.store.reply_cache if cache else None)
        )


def _requests(executor: Executor, stored: StoredReplies | None, replayed: Run | None) -> Requests | None:
    """The requests that others have asked: of the file, or of the run that is replayed; None where agents ask."""
    if stored is not None:
        return requests_of(stored)
    if replayed is not None and is_stored(replayed.config):
        return executor.wait(requests_asked(replayed))
    return None


def options(said: dict[str, Any], replayed: Run | None) -> RunOptions:
    """The options of a ranking run; what is not said is as recorded, else as Re2LLM has it.

    Raises `UsageError` for a recorded run that made no such lists, and for lists longer than there are candidates.
    """
    recorded = None if replayed is None else replayed.config
    if replayed is not None and not RunKind.from_config(replayed.config).ranks:
        raise UsageError(f"--replay: run {replayed.name!r} is no ranking run; expected one of `afl rank`")
    if recorded is None:
        defaults = {"candidates": CANDIDATES, "listed": TOP, "recommender": NONE}
        said = {**said, **{key: value for key, value in defaults.items() if said[key] is None}}
        if not 1 <= said["listed"] <= said["candidates"]:
            raise UsageError(
                f"--top: got {said['listed']}, expected 1 to {said['candidates']}, the number of candidates"
            )
        said |= {"reward": NONE, "protocol": "ranking", "user": False}
    return RunOptions.given(said, recorded=recorded)


def ranked(executor: Executor, task: Task, name: str | None, execution: ExecutionConfig) -> RankReport:
    """The run over these sessions, audited, played to its end, and what its lists are worth."""
    chosen = task.options
    suspicions = require_sound(audit_sessions(task))
    prepared = executor.prepare(task, name, execution)
    report = executor.execute(prepared, execution)
    run = executor.wait(executor.store.run(prepared.name))
    exact = (
        exact_lines(executor.transcripts(run), top=chosen.listed, sessions=run.session_count)
        if is_stored(run.config)
        else None
    )
    return RankReport.of(
        report,
        executor.wait(run.target_ranks()),
        candidates=chosen.candidates,
        top=chosen.listed,
        exact=exact,
        audit=suspicions,
    )
