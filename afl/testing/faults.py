"""Faults between a client and an endpoint, each a coroutine that replaces one response."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Completion = dict[str, Any]
Fault = Callable[[web.Request, Completion], Awaitable[web.StreamResponse]]
"""Given the request and the completion that would have been sent, sends something else."""


def status(code: int, message: str = "scripted fault", *, headers: dict[str, str] | None = None) -> Fault:
    """An HTTP error with OpenAI's error object."""

    async def fault(request: web.Request, completion: Completion) -> web.StreamResponse:
        return error_response(code, message, headers=headers)

    return fault


def rate_limited(retry_after: str | None = None) -> Fault:
    """A 429; `retry_after` is seconds or an HTTP date."""
    return status(429, "slow down", headers=None if retry_after is None else {"Retry-After": retry_after})


async def hang(request: web.Request, completion: Completion) -> web.StreamResponse:
    """No response until the client disconnects."""
    await asyncio.Event().wait()
    raise AssertionError("the server cancels this handler when the client disconnects")


async def reset(request: web.Request, completion: Completion) -> web.StreamResponse:
    """Half of the body, then a reset connection."""
    body = json.dumps(completion).encode()
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response


async def trickle(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A body that never ends, a space at a time: the server is never silent for long."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.02)


async def not_json(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A 200 that is a web page."""
    return web.Response(text="<html>welcome to the proxy</html>", content_type="text/html")


async def no_choices(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A 200 without an answer in it."""
    return web.json_response({**completion, "choices": []})


async def empty(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A completion with an empty text."""
    return _changed(completion, content="")


async def refusal(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A completion whose message is a refusal."""
    return _changed(completion, content=None, refusal="I cannot help with that.")


async def filtered(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A completion that the content filter stopped."""
    return _changed(completion, finish_reason="content_filter", content="")


async def no_usage_nor_role(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A completion without what many servers leave out."""
    content = completion["choices"][0]["message"]["content"]
    return web.json_response({"choices": [{"message": {"content": content}}]})


async def truncated(request: web.Request, completion: Completion) -> web.StreamResponse:
    """A completion cut off at a length limit."""
    return _changed(
        completion, finish_reason="length", content=completion["choices"][0]["message"]["content"][:12]
    )


def usage(**fields: Any) -> Fault:
    """A completion whose `usage` has these fields too."""

    async def respond(request: web.Request, completion: Completion) -> web.StreamResponse:
        return web.json_response({**completion, "usage": {**completion["usage"], **fields}})

    return respond


FAULTS: dict[str, Fault] = {
    "hang": hang,
    "reset": reset,
    "trickle": trickle,
    "not-json": not_json,
    "no-choices": no_choices,
    "empty": empty,
    "refusal": refusal,
    "filtered": filtered,
    "truncated": truncated,
    "bare": no_usage_nor_role,
}


def named_fault(name: str) -> Fault:
    """A fault by its name on the command line; a number is an HTTP status."""
    return status(int(name)) if name.isdigit() else FAULTS[name]


def error_response(code: int, message: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """An error in OpenAI's format."""
    body = {"error": {"message": message, "type": "fake_server", "code": None}}
    return web.json_response(body, status=code, headers=headers)


def _changed(completion: Completion, *, finish_reason: str = "stop", **message: Any) -> web.Response:
    (choice,) = completion["choices"]
    changed = {**choice, "finish_reason": finish_reason, "message": {**choice["message"], **message}}
    return web.json_response({**completion, "choices": [changed]})
