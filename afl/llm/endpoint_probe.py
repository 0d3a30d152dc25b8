"""What an endpoint takes, found out by a few small calls."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from afl.errors import EndpointError
from afl.llm.failures import RetryPolicy
from afl.llm.journaled_chat import JournaledChat
from afl.llm.language_model import LanguageModel
from afl.llm.memory_journal import MemoryJournal
from afl.llm.reply_sources import Transport
from afl.llm.response_format import RESPONSE_FORMAT, SchemaForm, response_format
from afl.llm.time_limits import Deadlines, TimeLimits
from afl.types import CallKey, JsonSchema, Message, Outcome, Reply

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_LONGEST = 512
"""Tokens of a reply; reasoning models need some before they answer."""
_MESSAGES: tuple[Message, ...] = (
    {"role": "system", "content": "You answer with one word."},
    {"role": "user", "content": "Is water wet? Answer yes or no."},
)
_SCHEMA: JsonSchema = {
    "title": "answer",
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}},
    "required": ["answer"],
    "additionalProperties": False,
}
_DIALECTS: Mapping[SchemaForm | None, str] = {
    None: "json_schema",
    SchemaForm.JSON_SCHEMA_UNBOUNDED: "json_schema",
    SchemaForm.JSON_OBJECT_SCHEMA: "json_object",
}
"""The forms of `response_format` that hold a schema, by their type; None is the one that is tried first."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What an endpoint answered and takes; None where that was not asked or does not apply."""

    answered_by: str | None
    """The model that the endpoint names in its answer."""
    reply: str
    latency: float
    """Seconds of the first call."""
    temperature: bool | None
    """Whether the temperature that is asked for is taken; None where none is."""
    system_role: bool | None
    """Whether system messages are taken; None where the system text is merged anyway."""
    max_tokens_as: str
    """The name under which the maximum length of a reply is taken."""
    schema: str | None
    """The type of `response_format` under which a JSON schema is taken and followed; None for none."""


async def probe(model: LanguageModel, *, seconds: float = 60) -> ProbeResult:
    """Asks a model two to three short questions, each within `seconds`.

    Raises `EndpointError` where it cannot be used.
    """
    first = _Recorded(model, {"max_tokens": _LONGEST})
    reply = await _ask(first, seconds, answered_before=False)
    if reply.outcome is Outcome.FAILED:
        raise EndpointError(f"{model.name}: {reply.error}")
    now = model.adaptations.now if model.adaptations is not None else None
    dropped = now.dropped if now else ()
    merged = now is not None and now.merged_system
    is_merged_anyway = model.parameters.get("system_role") == "merge"
    return ProbeResult(
        answered_by=first.answered_by,
        reply=" ".join(reply.text.split())[:80],
        latency=round(reply.latency, 3),
        temperature=None if "temperature" not in model.parameters else "temperature" not in dropped,
        system_role=None if is_merged_anyway else not merged,
        max_tokens_as=(now.max_tokens_as if now else None) or "max_tokens",
        schema=await _schema_dialect(model, seconds),
    )


async def _schema_dialect(model: LanguageModel, seconds: float) -> str | None:
    fields = {"max_tokens": _LONGEST, RESPONSE_FORMAT: response_format(_SCHEMA)}
    try:
        reply = await _ask(_Recorded(model, fields), seconds, answered_before=True)
    except EndpointError:
        return None
    form = model.adaptations.now.schema_form if model.adaptations is not None else None
    is_followed = reply.outcome is Outcome.OK and _follows_schema(reply.text)
    return _DIALECTS.get(form) if is_followed else None


def _follows_schema(text: str) -> bool:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, dict) and list(answer) == ["answer"] and answer["answer"] in ("yes", "no")


async def _ask(recorded: "_Recorded", seconds: float, *, answered_before: bool) -> Reply:
    chat = JournaledChat.live(
        replace(recorded.model, chat=cast("BaseChatModel", recorded)),
        MemoryJournal(),
        transport=Transport(retry=RetryPolicy(tries=2), deadlines=Deadlines(TimeLimits(attempt=seconds))),
        answered_before=answered_before,
    )
    return await chat.ask(CallKey("check", "check", 1, "recommendation", 0), _MESSAGES)


class _Recorded:
    """A model's chat with further fields in its requests, and the name that its answer has."""

    def __init__(self, model: LanguageModel, fields: Mapping[str, Any]) -> None:
        self.model = model
        self.answered_by: str | None = None
        self._fields = fields

    async def ainvoke(self, messages: "Sequence[BaseMessage]", **fields: Any) -> "BaseMessage":
        answer = await self.model.chat.ainvoke([*messages], **{**self._fields, **fields})
        metadata = answer.response_metadata
        self.answered_by = metadata.get("model_name") or metadata.get("model")
        return answer
