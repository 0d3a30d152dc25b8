"""What happens at each station of an exploration; `simulations.graphs.exploration` says in which order."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, TypeVar

from afl.data.sessions import Session
from afl.draws import generator
from afl.hints.filters import Filter, has_same_words, ineffective_reason, named_title
from afl.hints.hint_records import Effect, HintRecord, HintStatus
from afl.hints.knowledge_base import Hint
from afl.ports import Ranker
from afl.types import Attempt, Phase, Turn
from agents.hint_tool import advice_of
from agents.reflection import ReflectionAgent
from simulations.graphs.exploration_state import ExplorationState, ExploredSession, ProposedHint, rank_of
from simulations.hints.options import ExplorationOptions
from simulations.task.task import Task

T = TypeVar("T")


class Keep(Protocol):
    """Keeps what was said about a session at this position of the study; returns once it is on disk."""

    async def __call__(self, look: ExploredSession, position: int, *, hints: int) -> None: ...


NO_HINT = Hint(0, "")
SAME_WORDS = "a hint in the base has the same words"


class Decided(NamedTuple):
    """A hint that has been decided, and what was said about it."""

    candidate: ProposedHint
    verdicts: tuple[Attempt, ...] = ()


@dataclass(frozen=True)
class Nodes:
    """The nodes; each returns only what it changed."""

    task: Task
    """The sessions, in the order they are looked at."""
    ranker: Ranker
    """Whose mistakes are reflected on."""
    reflector: ReflectionAgent
    options: ExplorationOptions
    keep_look: Keep
    skip_failed: bool = False
    """Whether what is asked in vain is done without; otherwise it stops the exploration."""

    def stopped(self, batch: Sequence[ExploredSession]) -> bool:
        """Whether a call of the batch failed that cannot be done without."""
        return not self.skip_failed and any(look.failed for look in batch)

    async def rank(self, state: ExplorationState) -> dict[str, Any]:
        """The next sessions, each with its list without a hint."""
        seen = state.get("seen", 0)
        until = self._until(seen)
        sessions = [self.task.session(place) for place in range(seen, until)]
        turns = await together([self._list(session, NO_HINT) for session in sessions])
        looks = (ExploredSession(session, turn) for session, turn in zip(sessions, turns, strict=True))
        return {"seen": until, "batch": tuple(looks)}

    async def reflect(self, state: ExplorationState) -> dict[str, Any]:
        """What the model makes of its mistakes, and the hints it draws from them."""
        wrong = [look for look in state["batch"] if look.is_mistake]
        reflections = await together(
            [self.reflector.reflect(one.session.view, one.turn, target=one.session.target) for one in wrong]
        )
        said = {look.id: reflection for look, reflection in zip(wrong, reflections, strict=True)}
        batch = tuple(replace(look, reflection=said.get(look.id)) for look in state["batch"])
        return {"batch": batch, "candidates": _drawn(batch, len(state.get("trials", [])))}

    async def screen(self, state: ExplorationState) -> dict[str, Any]:
        """What can be said of hints before anything is asked: titles they name, words that the base has."""
        looks = {look.id: look for look in state["batch"]}
        so_far = _accepted(state)
        return {
            "candidates": tuple(self._screened(one, looks[one.session], so_far) for one in state["candidates"])
        }

    async def test(self, state: ExplorationState) -> dict[str, Any]:
        """Every hint on its own session and on some others, each in a fresh conversation."""
        batch = state["batch"]
        if not self.options.uses(Filter.EFFECT) or self.stopped(batch):
            return {}
        looks = {look.id: look for look in batch}
        pairs = [
            (one, looks[session])
            for one in state["candidates"]
            if one.status is None
            for session in (one.session, *self._others(one, batch))
        ]
        turns = await together([self._list(look.session, Hint(one.number, one.text)) for one, look in pairs])
        tried = [(one, look, turn) for (one, look), turn in zip(pairs, turns, strict=True)]
        return {
            "batch": tuple(
                _with_lists(look, [turn for _, there, turn in tried if there is look]) for look in batch
            ),
            "candidates": tuple(
                self._tested(one, [_effect(look, turn) for other, look, turn in tried if other is one])
                for one in state["candidates"]
            ),
        }

    async def admit(self, state: ExplorationState) -> dict[str, Any]:
        """The hints that say something new enter the base, one after the other, until it is full."""
        looks = {look.id: look for look in state["batch"]}
        if self.stopped(state["batch"]):
            return {}
        trials: list[HintRecord] = []
        so_far = _accepted(state)
        for one in state["candidates"]:
            decided, verdicts = await self._decided(one, so_far)
            look = looks[one.session]
            looks[one.session] = look = replace(look, verdicts=(*look.verdicts, *verdicts))
            if self.stopped([look]):
                return {"batch": tuple(looks.values())}
            accepted = decided.status is HintStatus.ACCEPTED
            so_far += [decided.text] if accepted else []
            trials.append(decided.record(len(so_far) if accepted else None))
        return {"batch": tuple(looks.values()), "trials": trials}

    async def keep(self, state: ExplorationState) -> dict[str, Any]:
        """What was said about the sessions of the batch is kept."""
        batch = state["batch"]
        first, hints = state["seen"] - len(batch), len(_accepted(state))
        await together([self.keep_look(look, place, hints=hints) for place, look in enumerate(batch, start=first)])
        return {
            "wrong": sum(look.is_mistake for look in batch),
            "unlisted": sum(not look.turn.ranking for look in batch),
            "failed": sum(look.failed for look in batch),
        }

    def _until(self, seen: int) -> int:
        """Where the batch ends. The last one takes what would be too few for a batch of their own."""
        until, sessions = seen + self.options.batch, len(self.task)
        return sessions if sessions - until <= self.options.others else until

    async def _list(self, session: Session, hint: Hint) -> Turn:
        advice = (advice_of(hint),) if hint.number else ()
        top = self.task.options.listed
        return await self.ranker.rank(session.view, top=top, advice=advice, round=hint.number, phase=Phase.HINTS)

    def _others(self, one: ProposedHint, batch: Sequence[ExploredSession]) -> list[str]:
        """The sessions, among those of the batch that have a list, on which a hint from another is tried."""
        there = [look.id for look in batch if look.id != one.session and look.turn.ranking]
        draws = generator("exploration", self.task.options.seed, self.task.dataset.hash, one.session, one.position)
        return draws.sample(there, min(self.options.others, len(there)))

    def _screened(self, one: ProposedHint, look: ExploredSession, so_far: Sequence[str]) -> ProposedHint:
        view = look.session.view
        named = named_title(one.text, (*view.candidate_titles, *view.history_titles))
        if named is not None and self.options.uses(Filter.LEAK):
            return one.decided(HintStatus.LEAK, f"it names {named!r}")
        if self.options.uses(Filter.REDUNDANCY) and has_same_words(one.text, so_far):
            return one.decided(HintStatus.REDUNDANT, SAME_WORDS)
        return one

    def _tested(self, one: ProposedHint, effects: Sequence[Effect]) -> ProposedHint:
        if one.status is not None:
            return one
        own, *others = effects
        tested = replace(one, own_effect=own, other_effects=tuple(others))
        why = ineffective_reason(own, others, min_helped=self.options.helped)
        return tested if why is None else tested.decided(HintStatus.INEFFECTIVE, why)

    async def _decided(self, one: ProposedHint, so_far: Sequence[str]) -> Decided:
        """The hint accepted, or why not."""
        if one.status is not None:
            return Decided(one)
        if len(so_far) >= self.options.size:
            return Decided(one.decided(HintStatus.SPARE, "the base was full"))
        if not so_far or not self.options.uses(Filter.REDUNDANCY):
            return Decided(one.decided(HintStatus.ACCEPTED))
        if has_same_words(one.text, so_far):
            return Decided(one.decided(HintStatus.REDUNDANT, SAME_WORDS))
        same, attempts = await self.reflector.repeats(
            one.text, so_far, domain=self.task.dataset.domain, session=one.session, number=one.position
        )
        if same is None:
            return Decided(one.decided(HintStatus.UNANSWERED, "the model did not say whether it is new"), attempts)
        if same:
            return Decided(one.decided(HintStatus.REDUNDANT, "a hint in the base conveys the same idea"), attempts)
        return Decided(one.decided(HintStatus.ACCEPTED), attempts)


async def together(work: Sequence[Awaitable[T]]) -> list[T]:
    """The results of work that is under way at once; the first error ends all of it, and is raised alone."""

    async def of(one: Awaitable[T]) -> T:
        return await one

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(of(one)) for one in work]
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in tasks]


def _drawn(batch: Sequence[ExploredSession], decided: int) -> tuple[ProposedHint, ...]:
    """The hints of all reflections, in the order of sessions, numbered on from those decided before."""
    drawn = [
        (look.id, place, text, look.reflection)
        for look in batch
        if look.reflection is not None
        for place, text in enumerate(look.reflection.hints, start=1)
    ]
    return tuple(
        ProposedHint(number, place, text, session, said.mistakes, said.causes)
        for number, (session, place, text, said) in enumerate(drawn, start=decided + 1)
    )


def _accepted(state: ExplorationState) -> list[str]:
    """The hints in the base so far."""
    return [trial.text for trial in state.get("trials", []) if trial.number is not None]


def _with_lists(look: ExploredSession, turns: Sequence[Turn]) -> ExploredSession:
    return replace(look, trial_turns=tuple(turns))


def _effect(look: ExploredSession, turn: Turn) -> Effect:
    return Effect(look.id, look.rank, rank_of(look.session.target, turn))
