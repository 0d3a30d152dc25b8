"""Stored answers as the replies of a ranking run: the agent that asks, the sessions, and scores of exact lines."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from afl.data.stored_replies import StoredReplies, read_stored_replies
from afl.errors import DataError, UsageError
from afl.metrics.ranking import Rank, evaluate_lists
from afl.ports import Chat
from afl.types import Message, Phase
from agents.stored_requests import StoredRequests, stored_list, title_in_request, titles_in_request
from memory.records import Exchange, Transcript
from memory.run import Run
from simulations.analysis.ranked_lists import ExactLines
from simulations.execution.agent_factory import AgentFactory
from simulations.task.task import Task

Requests = Mapping[str, Sequence[Message]]
"""Session -> the messages of its request."""


def answers_configuration(stored: StoredReplies) -> dict[str, Any]:
    """The options of a ranking run that has these answers as its replies."""
    return {"llm": f"answers:{stored.file}", "split": stored.split, "candidates_from": "source"}


def stored_request_agents(requests: Requests) -> AgentFactory:
    """A recommendation agent that asks these requests and no others."""

    def make(chat: Chat) -> StoredRequests:
        return StoredRequests(chat, requests=requests)

    make.__module__, make.__qualname__ = StoredRequests.__module__, StoredRequests.__qualname__
    return AgentFactory(recommendation_agent=make)  # type: ignore[arg-type]  # it ranks, and does nothing else


def is_stored(config: Mapping[str, Any]) -> bool:
    """Whether a run with this configuration sends stored requests."""
    return config.get("recommendation_agent") == f"{StoredRequests.__module__}.{StoredRequests.__qualname__}"


def requests_of(stored: StoredReplies) -> Requests:
    """Each stored prompt as the one message it was."""
    return {session: ({"role": "user", "content": prompt},) for session, prompt in stored.requests.items()}


async def recorded_requests_of(run: Run) -> Requests:
    """The requests of a recorded run, out of its journal."""
    requests = await run.recorded_requests(await run.journaled_subjects())
    entries = [request.entry for request in requests if request.entry.key.phase == Phase.LOOP]
    return {entry.key.subject: entry.messages for entry in entries}


def stored_answers(path: str | Path) -> StoredReplies:
    """As `read_stored_replies`, under its absolute path, so that the same file is the same model from anywhere."""
    return read_stored_replies(Path(path).absolute())


def require_answers(task: Task, requests: Requests, stored: StoredReplies | None) -> None:
    """Raises `UsageError` for a session without a stored answer, `DataError` for an answer to another session."""
    missing = [row.id for row in task.rows if row.id not in requests]
    if missing:
        raise UsageError(
            f"{len(missing)} of {len(task)} sessions have no stored answer, {missing[0]!r} first; expected the "
            "sessions as their authors divided them: import the data without --split"
        )
    if stored is None:
        return
    titles = task.dataset.catalogue.titles
    for row in task.rows:
        label, listed_titles = stored.labels[row.id], titles_in_request(requests[row.id])
        if title_in_request(titles[row.target], listed_titles) != label:
            raise DataError(
                f"{stored.file}: the answer to session {row.id!r} is about {label!r}, the session about "
                f"{titles[row.target]!r}; expected answers to the sessions of this data set"
            )


def exact_lines(transcripts: Iterable[Transcript], *, top: int, sessions: int) -> ExactLines:
    """Scores of the replies of these sessions where lines must be exact titles; sessions without a reply are misses."""
    ranks: list[Rank] = []
    exact = named = lines = 0
    for transcript in transcripts:
        for exchange in transcript.exchanges[-1:]:
            strict, read = _listed_titles(exchange, top, exact=True), _listed_titles(exchange, top, exact=False)
            target = title_in_request(transcript.record.target, _titles(exchange))
            ranks.append(strict.index(target) + 1 if target in strict else None)
            exact, named, lines = exact + _count(strict), named + _count(read), lines + len(strict)
    all_ranks = ranks + [None] * (sessions - len(ranks))
    return ExactLines(scores=evaluate_lists(all_ranks, top=top), exact=exact, named=named, lines=lines)


def _listed_titles(exchange: Exchange, top: int, *, exact: bool) -> tuple[str | None, ...]:
    entry = exchange.entry
    return () if entry is None else stored_list(entry.reply, entry.messages, top=top, exact=exact)


def _titles(exchange: Exchange) -> list[str]:
    return [] if exchange.entry is None else titles_in_request(exchange.entry.messages)


def _count(entries: Sequence[str | None]) -> int:
    return sum(entry is not None for entry in entries)
