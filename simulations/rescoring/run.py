"""A run re-scored: its stored replies read with today's parsers and metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afl.types import Role
from agents import RecommendationAgent, UserAgent, ZeroShot
from agents.reparsing import ReplyParser
from memory.run import Run
from simulations.analysis.run_numbers import RunNumbers, RunTally, numbers_of, target_index
from simulations.execution.stored_answers import is_stored
from simulations.rescoring.sessions import DialogueShape, Divergence, TurnChange, rescore_session
from simulations.task.run_kind import RunKind

_AGENTS = {Role.RECOMMENDATION: (RecommendationAgent, ZeroShot), Role.USER: (UserAgent,)}


@dataclass(frozen=True, slots=True)
class Rescoring:
    """A run as it was recorded, and as it would be taken now."""

    run: str
    turns: int
    """Turns read again."""
    left: int
    """Turns that were not, because their dialogue would have gone otherwise before them."""
    unread: int
    """Turns that were not, because an agent of one's own knows how to read them."""
    changes: tuple[TurnChange, ...]
    before: RunNumbers
    after: RunNumbers

    @property
    def changed(self) -> bool:
        """Whether any turn is read otherwise, or any number comes out otherwise."""
        return bool(self.changes) or self.before != self.after

    @property
    def exit_code(self) -> int:
        """1 when a difference was found."""
        return 1 if self.changed else 0

    @property
    def note(self) -> str | None:
        """What the numbers cannot tell, where a dialogue would have gone otherwise; None where all is known."""
        open_ended = {
            change.before.key.subject
            for change in self.changes
            if change.divergence not in (Divergence.SAME, Divergence.ENDS)
        }
        if not open_ended:
            return None
        return (
            f"{len(open_ended)} sessions would have gone otherwise: what would have been said is not known, so their "
            "later turns are left as recorded; a new run would tell"
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
    """The run read again; few sessions in memory at a time."""
    kind = RunKind.from_config(run.config)
    reader = ReplyParser(
        decisions=kind.protocol == "dialogue", lists=kind.lists, listed=kind.listed, stored=is_stored(run.config)
    )
    shape, roles = DialogueShape.from_config(run.config), _readable(run.config)
    tally, recorded_places, changes = RunTally(), [], list[TurnChange]()
    turns = left = unread = 0
    async for transcript in run.transcripts_by_id():
        found = rescore_session(transcript, reader, shape, roles=roles)
        recorded_places.append(target_index(transcript.record))
        tally.add(found.record)
        changes += found.changes
        turns, left, unread = turns + found.turns_read, left + found.turns_left, unread + found.turns_unread
    before = numbers_of(
        await run.totals(),
        judgements=await run.judgements(),
        places=recorded_places,
        config=run.config,
        users=run.session_count,
    )
    after = numbers_of(
        tally.totals, judgements=tally.judgements, places=tally.places, config=run.config, users=run.session_count
    )
    return Rescoring(run.name, turns, left, unread, tuple(changes), before, after)


def _readable(config: Mapping[str, Any]) -> Sequence[str]:
    """The roles whose agents are AFL's own."""
    own = [role for role, agents in _AGENTS.items() if _is_one(config.get(f"{role}_agent"), agents)]
    return [*own, *([Role.RECOMMENDATION] if is_stored(config) else [])]


def _is_one(recorded: str | None, agents: Sequence[type]) -> bool:
    return recorded in (None, *(f"{agent.__module__}.{agent.__qualname__}" for agent in agents))
