"""A small server on loopback that speaks Anthropic's Messages API, with scripted answers and faults."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from afl.llm.canned_answers import under_schema
from afl.testing.faults import Completion, Fault
from afl.testing.server import FakeServer
from afl.types import JsonSchema

_ERROR_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
"""As documented; any other status is an `api_error`."""


class FakeAnthropicServer(FakeServer):
    """`/v1/messages` on 127.0.0.1, for `--llm langchain:anthropic:MODEL`.

    Options, counters and requests are those of `FakeServer`, but `authorization` is the only accepted key, with which
    requests come as `x-api-key` or as bearer. Like Anthropic's own, it refuses a request without `max_tokens`, or with
    an empty text. A schema of the output, or of a tool that has to be called, is followed.
    """

    chat_path = "/v1/messages"

    @property
    def url(self) -> str:
        """For `--base-url`: the SDK appends `/v1`."""
        return super().url.removesuffix("/v1")

    async def _respond(self, request: web.Request, number: int) -> web.StreamResponse:
        payload = await request.json()
        if "max_tokens" not in payload:
            return self._error(400, "max_tokens: Field required")
        if not all(message["content"] for message in payload["messages"]):
            return self._error(400, "messages: text content blocks must be non-empty")
        return await super()._respond(request, number)

    def _authorized(self, request: web.Request) -> bool:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self._authorization in (None, bearer, request.headers.get("x-api-key"))

    def _completion(self, payload: Mapping[str, Any], number: int) -> Completion:
        """Four characters count as a token, as a rule of thumb for English."""
        system = [{"role": "system", "content": payload["system"]}] if "system" in payload else []
        messages = [*system, *payload["messages"]]
        text = self._answer(messages)
        content: list[dict[str, Any]] = [{"type": "text", "text": text}]
        schema, tool = _schema_of(payload), next(iter(payload.get("tools", ())), None)
        if schema is not None:
            text = under_schema(text, messages, schema)
            content = [{"type": "text", "text": text}]
        if tool is not None:
            call = {"type": "tool_use", "id": f"toolu_{number}", "name": tool["name"], "input": json.loads(text)}
            content = [{"type": "text", "text": "I answer by the tool."}, call]
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": payload["model"],
            "content": content,
            "stop_reason": "end_turn" if tool is None else "tool_use",
            "stop_sequence": None,
            "usage": {
                "input_tokens": sum(len(str(message["content"])) for message in messages) // 4,
                "output_tokens": max(1, len(text) // 4),
            },
        }

    def _error(self, status: int, message: str) -> web.Response:
        return error_response(status, message)


def _schema_of(payload: Mapping[str, Any]) -> JsonSchema | None:
    """The schema of the answer: that of the output format, or of the tool that has to be called."""
    formats = (payload.get("output_config", {}).get("format", {}).get("schema"),)
    tools = (tool["input_schema"] for tool in payload.get("tools", ()))
    return next(filter(None, (*formats, *tools)), None)


def error_response(
    status: int, message: str, *, type: str | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error in Anthropic's format; its type follows from the status."""
    error = {"type": type or _ERROR_TYPES.get(status, "api_error"), "message": message}
    body = {"type": "error", "error": error, "request_id": "req_1"}
    return web.json_response(body, status=status, headers=headers)


def status(code: int, message: str = "scripted fault", *, headers: Mapping[str, str] | None = None) -> Fault:
    """An HTTP error in Anthropic's format."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        return error_response(code, message, headers=headers)

    return fault


overloaded = status(529, "Overloaded")


def refuses(parameter: str, message: str) -> Fault:
    """A 400 with this message to every request with this parameter; others are answered."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        if parameter in await request.json():
            return error_response(400, message)
        return web.json_response(completion)

    return fault


def changed(change: Callable[[Completion], Mapping[str, Any]]) -> Fault:
    """A message with other fields: those that `change` returns."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        return web.json_response(completion | dict(change(completion)))

    return fault


def stopped(stop_reason: str, text: str | None = None) -> Fault:
    """A message with this stop reason, and with this text in place of its own."""

    def change(completion: Completion) -> Mapping[str, Any]:
        content = completion["content"] if text is None else [{"type": "text", "text": text}]
        return {"content": content, "stop_reason": stop_reason}

    return changed(change)


def usage(**fields: Any) -> Fault:
    """A message whose `usage` has these fields too."""
    return changed(lambda completion: {"usage": {**completion["usage"], **fields}})


def thinking(thought: str, tokens: int | None = None) -> Fault:
    """A message with a block of thinking before its text; the thinking counts `tokens` of the output."""

    def change(completion: Completion) -> Mapping[str, Any]:
        block = {"type": "thinking", "thinking": thought, "signature": "c2lnbmVk"}
        hidden = {"type": "redacted_thinking", "data": "aGlkZGVu"}
        usage = dict(completion["usage"])
        if tokens is not None:
            usage["output_tokens"] += tokens
            usage["output_tokens_details"] = {"thinking_tokens": tokens}
        return {"content": [block, hidden, *completion["content"]], "usage": usage}

    return changed(change)
