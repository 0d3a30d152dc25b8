"""A run as JSON lines: equal results are equal bytes.

One line per attempt of every recorded session, sorted by session (plain string order), phase, round, role,
attempt, without times, costs, retry counts and run names. Running sessions are not included. With `LineUsage` each line
also says which model was asked, what the call took, and among which candidates; such lines are not comparable.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from afl.errors import UsageError
from afl.llm.language_model import PerRole
from afl.sanitize import json_safe
from memory.errors import storage_errors
from memory.records import Exchange, SessionRecord
from memory.run import Run

_SCORE_DIGITS = 6
_USAGE = ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cost_usd", "latency")
"""Numbers of a reply that a line holds."""
_CACHE = ("cached_tokens", "cache_write_tokens")
"""Those that it holds where there are any."""


@dataclass(frozen=True)
class LineUsage:
    """What lines say about their calls, beside what the journal holds of them."""

    models: PerRole[str | None]
    """Names of the language models that the agents ask."""
    candidates: Mapping[str, Sequence[str]]
    """Session -> the titles of its candidates in the order shown; without those whose titles are unknown."""

    def of(self, session: str, exchange: Exchange) -> dict[str, Any]:
        """The further fields of a line; tokens, cost and latency are null where there was no call."""
        reply, candidates = exchange.entry and exchange.entry.reply, self.candidates.get(session)
        return {
            "model": self.models.of(exchange.turn.key.role),
            **{name: reply and getattr(reply, name) for name in _USAGE},
            **{name: number for name in _CACHE if (number := reply and getattr(reply, name))},
            "candidates": None if candidates is None else list(candidates),
        }


async def export(run: Run, usage: LineUsage | None = None) -> AsyncIterator[str]:
    """The lines, each with its newline; few sessions are in memory at a time."""
    async for transcript in run.transcripts_by_id():
        session = transcript.record.session
        for exchange in sorted(transcript.exchanges, key=lambda exchange: exchange.turn.key):
            yield _line(transcript.record, exchange, {} if usage is None else usage.of(session, exchange))


async def write_export(run: Run, path: Path, usage: LineUsage | None = None) -> int:
    """Writes the lines to a file, completely or not at all; returns their number."""
    if path.name in ("", ".."):
        raise UsageError(f"--out {path}: got a folder, expected the path of a file")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    count = 0
    try:
        with storage_errors(str(path)):
            part.unlink(missing_ok=True)
            # A new file ("x"): another user with write access to the folder could have put a link there.
            with part.open("x", encoding="utf-8", newline="\n") as file:
                async for line in export(run, usage):
                    file.write(line)
                    count += 1
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _line(record: SessionRecord, exchange: Exchange, usage: Mapping[str, Any]) -> str:
    turn, entry = exchange.turn, exchange.entry
    messages = entry.messages if entry else ()
    answered = entry is not None and not entry.reply.outcome.retried_on_continuation
    fields = {
        "session": record.session,
        "phase": turn.key.phase,
        "round": turn.key.round,
        "role": turn.key.role,
        "attempt": turn.key.attempt,
        "item": turn.item,
        "reason": turn.reason,
        "decision": None if turn.decision is None else ("yes" if turn.decision else "no"),
        "suggestion": turn.suggestion,
        "score": None if turn.score is None else round(turn.score, _SCORE_DIGITS),
        "outcome": turn.outcome.value,
        "target": record.target,
        "hit": record.hit,
        "label": turn.label,
        "advice": [
            {"tool": advice.tool, "text": advice.text, "payload": dict(advice.payload)} for advice in turn.advice
        ],
        "messages": [{"role": sent["role"], "content": sent["content"]} for sent in messages],
        "reply": entry.reply.text if entry and answered else None,
    }
    if entry and answered and entry.reply.reasoning:
        fields["reasoning"] = entry.reply.reasoning
    if turn.ranking:
        fields["ranking"] = list(turn.ranking)
    return _json({**fields, **usage}) + "\n"


def _json(fields: dict[str, Any]) -> str:
    """JSON on one line, valid UTF-8 and without control sequences for terminals."""
    return json_safe(json.dumps(fields, ensure_ascii=False))
