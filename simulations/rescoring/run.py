"""A run re-scored: its stored replies parsed again, and evaluated with the current metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from afl.types import Role
from agents import RecommendationAgent, UserAgent, ZeroShot
from agents.reparsing import ReplyParser
from memory.run import Run
from simulations.analysis.run_numbers import RunNumbers, RunTally, numbers_of, target_rank
from simulations.execution.stored_answers import is_stored
from simulations.rescoring.sessions import DialogueShape, Divergence, TurnChange, rescore_session
from simulations.task.run_kind import RunKind

_AGENTS = {Role.RECOMMENDATION: (RecommendationAgent, ZeroShot), Role.USER: (UserAgent,)}


@dataclass(frozen=True, slots=True)
class Rescoring:
    """A run as recorded, and as parsed again."""

    run: str
    turns: int
    """Turns parsed again."""
    left: int
    """Turns left as recorded, because their dialogue would have diverged before them."""
    unread: int
    """Turns left as recorded, because they are of a custom agent."""
    changes: tuple[TurnChange, ...]
    before: RunNumbers
    after: RunNumbers

    @property
    def changed(self) -> bool:
        """Whether any turn or any number differs."""
        return bool(self.changes) or self.before != self.after

    @property
    def exit_code(self) -> int:
        """1 when a difference was found."""
        return 1 if self.changed else 0

    @property
    def note(self) -> str | None:
        """A warning about dialogues that would have diverged; None without any."""
        diverged = {
            change.before.key.subject
            for change in self.changes
            if change.divergence not in (Divergence.SAME, Divergence.ENDS)
        }
        if not diverged:
            return None
        return (
            f"{len(diverged)} sessions would have diverged: their later turns would have been others and are left as "
            "recorded; only a new run can show them"
        )

    def to_json(self) -> dict[str, Any]:
        """The object of `rescore --json`."""
        return {
            "run": self.run,
            "turns": self.turns,
            "left": self.left,
            "unread": self.unread,
            "changed": self.changed,
            "changes": [change.to_json() for change in self.changes],
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "note": self.note,
        }


async def rescore_run(run: Run) -> Rescoring:
    """The run parsed again, session by session."""
    kind = RunKind.from_config(run.config)
    parser = ReplyParser(
        decisions=kind.protocol == "dialogue",
        lists=kind.lists,
        listed=kind.listed,
        stored=is_stored(run.config),
        structured=[role for role in Role if kind.structured.of(role)],
        headings=kind.headings,
        attributes=kind.shows_attributes,
    )
    shape, roles = DialogueShape.from_config(run.config), _parsed_roles(run.config)
    tally, recorded_ranks, changes = RunTally(), [], list[TurnChange]()
    turns = left = unread = 0
    async for transcript in run.transcripts_by_id():
        session = rescore_session(transcript, parser, shape, roles=roles)
        recorded_ranks.append(target_rank(transcript.record))
        tally.add(session.record)
        changes += session.changes
        turns, left, unread = turns + session.turns_read, left + session.turns_left, unread + session.turns_unread
    numbers = partial(numbers_of, config=run.config, users=run.session_count)
    before = numbers(await run.totals(), judgements=await run.judgements(), target_ranks=recorded_ranks)
    after = numbers(tally.totals, judgements=tally.judgements, target_ranks=tally.target_ranks)
    return Rescoring(run.name, turns, left, unread, tuple(changes), before, after)


def _parsed_roles(config: Mapping[str, Any]) -> Sequence[str]:
    """The roles whose replies can be parsed: those with AFL's agents."""
    roles = [role for role, agents in _AGENTS.items() if _is_among(config.get(f"{role}_agent"), agents)]
    return [*roles, *([Role.RECOMMENDATION] if is_stored(config) else [])]


def _is_among(recorded: str | None, agents: Sequence[type]) -> bool:
    return recorded in (None, *(f"{agent.__module__}.{agent.__qualname__}" for agent in agents))
