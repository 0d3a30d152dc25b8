"""Records a finished session: only here do its dialogue and its target meet, once the agents are done."""

from dataclasses import dataclass

from afl.data.sessions import Session
from afl.types import Role
from memory.records import Judgement, SessionRecord
from memory.run import Run
from simulations.graphs.dialogue import DialogueState
from simulations.task.model_outputs import ModelOutputs
from simulations.task.task import Task


@dataclass(frozen=True)
class SessionRecorder:
    """Joins each dialogue with its target and records both."""

    run: Run
    task: Task
    outputs: ModelOutputs

    async def record(self, position: int, session: Session, state: DialogueState) -> SessionRecord:
        """The record of the session at this position, once it is on disk."""
        record = SessionRecord.of(
            session.view,
            position=position,
            target=session.target,
            suggestion=self.outputs.suggestion_at(position),
            turns=state.get("turns", []),
            memories={
                Role.RECOMMENDATION: state.get("recommendation_memory", []),
                Role.USER: state.get("user_memory", []),
            },
            judgements=self._judgements(position, state),
        )
        await self.run.record_session(record)
        return record

    def _judgements(self, position: int, state: DialogueState) -> list[Judgement]:
        """The user agent's answers with the true labels: the wanted items come first."""
        turns, judged = state.get("judgements", []), self.task.judged
        if judged is None or not turns:
            return []
        titles = [self.task.dataset.catalogue.titles[item] for item in judged.items[position].tolist()]
        labels = judged.labels.tolist()
        return [Judgement(*row) for row in zip(turns, titles, labels, strict=True)]
