"""The nodes of an exploration; `simulations.graphs.exploration` has their order."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from afl.data.sessions import Session
from afl.draws import generator
from afl.hints.filters import Filter, has_same_words, ineffective_reason, named_title
from afl.hints.knowledge_base import Effect, Hint, HintRecord, HintStatus
from afl.ports import Ranker
from afl.types import Attempt, Phase, Turn
from agents.reflection import ReflectionAgent
from agents.tools import advice_of
from simulations.graphs.exploration_state import ExplorationState, ExploredSession, ProposedHint, rank_of
from simulations.options.exploration_options import ExplorationOptions
from simulations.task.task import Task

T = TypeVar("T")


class StoreSession(Protocol):
    """Stores everything about a session at this position of the task; returns once it is on disk."""

    async def __call__(self, explored: ExploredSession, position: int, *, hints: int) -> None: ...


NO_HINT = Hint(0, "")
SAME_WORDS = "a hint in the base has the same words"


class Decision(NamedTuple):
    """A decided hint, and the model's answers it rests on."""

    hint: ProposedHint
    verdicts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Nodes:
    """The nodes; each returns only what it changed."""

    task: Task
    """The sessions, in the order of exploration."""
    ranker: Ranker
    """The recommendation agent whose mistakes are reflected on."""
    reflector: ReflectionAgent
    options: ExplorationOptions
    store_session: StoreSession
    skip_failed: bool = False
    """Whether the exploration continues without calls that failed; else it stops."""

    def stopped(self, batch: Sequence[ExploredSession]) -> bool:
        """Whether a failed call of the batch stops the exploration."""
        return not self.skip_failed and any(explored.failed for explored in batch)

    async def rank(self, state: ExplorationState) -> dict[str, Any]:
        """The next sessions, each with its list without a hint."""
        start = state.get("explored", 0)
        end = self._batch_end(start)
        sessions = [self.task.session(position) for position in range(start, end)]
        turns = await gather([self._list(session, NO_HINT) for session in sessions])
        batch = (ExploredSession(session, turn) for session, turn in zip(sessions, turns, strict=True))
        return {"explored": end, "batch": tuple(batch)}

    async def reflect(self, state: ExplorationState) -> dict[str, Any]:
        """The model's reflections on its mistakes, and the hints it draws from them."""
        mistakes = [explored for explored in state["batch"] if explored.is_mistake]
        replies = await gather(
            [
                self.reflector.reflect(explored.session.view, explored.turn, target=explored.session.target)
                for explored in mistakes
            ]
        )
        reflections = {explored.id: reply for explored, reply in zip(mistakes, replies, strict=True)}
        batch = tuple(replace(explored, reflection=reflections.get(explored.id)) for explored in state["batch"])
        return {"batch": batch, "proposed": _proposed_hints(batch, len(state.get("records", [])))}

    async def screen(self, state: ExplorationState) -> dict[str, Any]:
        """Rejects hints without any call: those that name a title, or have the words of a hint in the base."""
        sessions = {explored.id: explored for explored in state["batch"]}
        accepted = _accepted_texts(state)
        return {
            "proposed": tuple(self._screened(hint, sessions[hint.session], accepted) for hint in state["proposed"])
        }

    async def test(self, state: ExplorationState) -> dict[str, Any]:
        """Every hint on its own session and on some others, each in a new conversation."""
        batch = state["batch"]
        if not self.options.uses(Filter.EFFECT) or self.stopped(batch):
            return {}
        sessions = {explored.id: explored for explored in batch}
        pairs = [
            (hint, sessions[session])
            for hint in state["proposed"]
            if hint.status is None
            for session in (hint.session, *self._other_sessions(hint, batch))
        ]
        turns = await gather(
            [self._list(explored.session, Hint(hint.number, hint.text)) for hint, explored in pairs]
        )
        tested = [(hint, explored, turn) for (hint, explored), turn in zip(pairs, turns, strict=True)]
        return {
            "batch": tuple(
                replace(explored, trial_turns=tuple(turn for _, on, turn in tested if on is explored))
                for explored in batch
            ),
            "proposed": tuple(
                self._tested(hint, [_effect(explored, turn) for other, explored, turn in tested if other is hint])
                for hint in state["proposed"]
            ),
        }

    async def admit(self, state: ExplorationState) -> dict[str, Any]:
        """The hints that are not redundant enter the base, one after the other, until it is full."""
        sessions = {explored.id: explored for explored in state["batch"]}
        if self.stopped(state["batch"]):
            return {}
        records: list[HintRecord] = []
        accepted = _accepted_texts(state)
        for proposed in state["proposed"]:
            hint, verdicts = await self._decide(proposed, accepted)
            explored = sessions[hint.session]
            sessions[hint.session] = explored = replace(explored, verdicts=(*explored.verdicts, *verdicts))
            if self.stopped([explored]):
                return {"batch": tuple(sessions.values())}
            is_accepted = hint.status is HintStatus.ACCEPTED
            accepted += [hint.text] if is_accepted else []
            records.append(hint.record(len(accepted) if is_accepted else None))
        return {"batch": tuple(sessions.values()), "records": records}

    async def keep(self, state: ExplorationState) -> dict[str, Any]:
        """Stores the sessions of the batch, and counts them."""
        batch = state["batch"]
        start, hints = state["explored"] - len(batch), len(_accepted_texts(state))
        await gather(
            [self.store_session(explored, start + row, hints=hints) for row, explored in enumerate(batch)]
        )
        return {
            "mistakes": sum(explored.is_mistake for explored in batch),
            "unlisted": sum(not explored.turn.ranking for explored in batch),
            "failed": sum(explored.failed for explored in batch),
        }

    def _batch_end(self, start: int) -> int:
        """Where the batch ends. The last batch includes a remainder that is too small for a batch."""
        end, sessions = start + self.options.batch, len(self.task)
        return sessions if sessions - end <= self.options.others else end

    async def _list(self, session: Session, hint: Hint) -> Turn:
        advice = (advice_of(hint),) if hint.number else ()
        top = self.task.options.listed
        return await self.ranker.rank(session.view, top=top, advice=advice, round=hint.number, phase=Phase.HINTS)

    def _other_sessions(self, hint: ProposedHint, batch: Sequence[ExploredSession]) -> list[str]:
        """Random other sessions of the batch with a list, on which the hint is tested."""
        listed = [explored.id for explored in batch if explored.id != hint.session and explored.turn.ranking]
        draws = generator(
            "exploration", self.task.options.seed, self.task.dataset.hash, hint.session, hint.position
        )
        return draws.sample(listed, min(self.options.others, len(listed)))

    def _screened(self, hint: ProposedHint, explored: ExploredSession, accepted: Sequence[str]) -> ProposedHint:
        view = explored.session.view
        named = named_title(hint.text, (*view.candidate_titles, *view.history_titles))
        if named is not None and self.options.uses(Filter.LEAK):
            return hint.decided(HintStatus.LEAK, f"it names {named!r}")
        if self.options.uses(Filter.REDUNDANCY) and has_same_words(hint.text, accepted):
            return hint.decided(HintStatus.REDUNDANT, SAME_WORDS)
        return hint

    def _tested(self, hint: ProposedHint, effects: Sequence[Effect]) -> ProposedHint:
        if hint.status is not None:
            return hint
        own_effect, *other_effects = effects
        tested = replace(hint, own_effect=own_effect, other_effects=tuple(other_effects))
        reason = ineffective_reason(own_effect, other_effects, min_helped=self.options.helped)
        return tested if reason is None else tested.decided(HintStatus.INEFFECTIVE, reason)

    async def _decide(self, hint: ProposedHint, accepted: Sequence[str]) -> Decision:
        """The hint with its outcome; asks the model where it may be redundant."""
        if hint.status is not None:
            return Decision(hint)
        if len(accepted) >= self.options.size:
            return Decision(hint.decided(HintStatus.SPARE, "the base was full"))
        if not accepted or not self.options.uses(Filter.REDUNDANCY):
            return Decision(hint.decided(HintStatus.ACCEPTED))
        if has_same_words(hint.text, accepted):
            return Decision(hint.decided(HintStatus.REDUNDANT, SAME_WORDS))
        same, attempts = await self.reflector.repeats(
            hint.text, accepted, domain=self.task.dataset.domain, session=hint.session, number=hint.position
        )
        if same is None:
            return Decision(
                hint.decided(HintStatus.UNANSWERED, "the model did not say whether it is new"), attempts
            )
        if same:
            return Decision(
                hint.decided(HintStatus.REDUNDANT, "a hint in the base conveys the same idea"), attempts
            )
        return Decision(hint.decided(HintStatus.ACCEPTED), attempts)


async def gather(work: Sequence[Awaitable[T]]) -> list[T]:
    """The results of concurrent work; the first error cancels the rest and is raised by itself."""

    async def run(awaitable: Awaitable[T]) -> T:
        return await awaitable

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(run(awaitable)) for awaitable in work]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [task.result() for task in tasks]


def _proposed_hints(batch: Sequence[ExploredSession], decided: int) -> tuple[ProposedHint, ...]:
    """The hints of all reflections, in the order of sessions, numbered after those decided before."""
    hints = [
        (explored.id, position, text, explored.reflection)
        for explored in batch
        if explored.reflection is not None
        for position, text in enumerate(explored.reflection.hints, start=1)
    ]
    return tuple(
        ProposedHint(number, position, text, session, reflection.mistakes, reflection.causes)
        for number, (session, position, text, reflection) in enumerate(hints, start=decided + 1)
    )


def _accepted_texts(state: ExplorationState) -> list[str]:
    """The hints in the base so far."""
    return [record.text for record in state.get("records", []) if record.number is not None]


def _effect(explored: ExploredSession, turn: Turn) -> Effect:
    return Effect(explored.id, explored.rank, rank_of(explored.session.target, turn))
