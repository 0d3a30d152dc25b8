"""A small OpenAI-compatible server on loopback, with scripted answers, latency and faults.

Three ways to run it: `async with FakeServer() as server` in the caller's loop, `with running_server() as server`
in a thread of its own, `python -m afl.testing.server --port 0` (or `with server_process() as url`) as a process.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from afl.llm.canned_answers import canned_answer, refusing_answer, under_schema
from afl.llm.response_format import RESPONSE_FORMAT, SchemaForm, form_of, schema_of
from afl.testing.faults import FAULTS, Fault, error_response, named_fault

Answerer = Callable[[Sequence[Mapping[str, Any]]], str]


@dataclass(slots=True)
class Counters:
    """Requests counted by the server."""

    chat: int = 0
    """Requests for a completion, those with a fault included."""
    models: int = 0
    refused: int = 0
    """Of the requests for a completion: more than are allowed a second."""
    in_flight: int = 0
    max_in_flight: int = 0


class FakeServer:
    """`/v1/chat/completions` and `/v1/models` on 127.0.0.1.

    `answer` turns messages into a reply, `faults` replaces responses by request number (the first is 1), `models`
    are the listed ids, or a fault in place of the list, `authorization` is the only accepted header of that name
    (`Bearer KEY`), `latency` is in seconds. Of more than `per_second` requests in any second the rest are refused with
    429, at once and without `Retry-After`. `response_format` is taken in the forms of `schema_forms`, and a reply then
    follows its schema. `requests` holds the payloads unless `keep_requests` is off, `/counters`
    answers with `counters` as JSON.
    """

    chat_path = "/v1/chat/completions"

    def __init__(
        self,
        answer: Answerer = canned_answer,
        *,
        faults: Mapping[int, Fault] | None = None,
        models: Sequence[str] | Fault = (),
        authorization: str | None = None,
        latency: float = 0.0,
        per_second: int | None = None,
        schema_forms: Collection[SchemaForm] = (SchemaForm.JSON_SCHEMA, SchemaForm.JSON_SCHEMA_UNBOUNDED),
        port: int = 0,
        keep_requests: bool = True,
    ) -> None:
        self._answer = answer
        self._faults = dict(faults or {})
        self._models = models
        self._authorization = authorization
        self._latency = latency
        self._per_second = per_second
        self._schema_forms = schema_forms
        self._recent: deque[float] = deque()
        self._port = port
        self._keep = keep_requests
        self._runner: web.AppRunner | None = None
        self.counters = Counters()
        self.requests: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        """For `--base-url`."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=2**26)
        app.router.add_post(self.chat_path, self._chat)
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_get("/counters", self._show_counters)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=4096, reuse_address=True).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.counters.chat += 1
        number = self.counters.chat
        if not self._authorized(request):
            return self._error(401, "Incorrect API key provided: " + request.headers.get("Authorization", ""))
        if not self._admits():
            self.counters.refused += 1
            return self._error(429, f"more than {self._per_second} requests a second")
        self.counters.in_flight += 1
        self.counters.max_in_flight = max(self.counters.max_in_flight, self.counters.in_flight)
        try:
            return await self._respond(request, number)
        finally:
            self.counters.in_flight -= 1

    def _admits(self) -> bool:
        """Whether another request is allowed now."""
        if self._per_second is None:
            return True
        now = time.monotonic()
        while self._recent and now - self._recent[0] >= 1:
            self._recent.popleft()
        if len(self._recent) >= self._per_second:
            return False
        self._recent.append(now)
        return True

    async def _respond(self, request: web.Request, number: int) -> web.StreamResponse:
        payload = json.loads(await request.read())
        if self._keep:
            self.requests.append(payload)
        if self._latency:
            await asyncio.sleep(self._latency)
        completion = self._completion(payload, number)
        fault = self._faults.get(number)
        if fault is not None:
            return await fault(request, completion)
        field = payload.get(RESPONSE_FORMAT)
        if field is not None and form_of(field) not in self._schema_forms:
            return self._error(400, f"response_format of type {field['type']!r} is not supported like this")
        return web.Response(body=json.dumps(completion).encode(), content_type="application/json")

    async def _list_models(self, request: web.Request) -> web.StreamResponse:
        self.counters.models += 1
        if not self._authorized(request):
            return self._error(401, "Incorrect API key provided")
        if callable(self._models):
            return await self._models(request, {})
        return web.json_response(
            {"object": "list", "data": [{"id": model, "object": "model"} for model in self._models]}
        )

    async def _show_counters(self, request: web.Request) -> web.StreamResponse:
        counters = self.counters
        return web.json_response(
            {"chat": counters.chat, "models": counters.models, "max_in_flight": counters.max_in_flight}
        )

    def _authorized(self, request: web.Request) -> bool:
        return self._authorization in (None, request.headers.get("Authorization"))

    def _completion(self, payload: Mapping[str, Any], number: int) -> dict[str, Any]:
        answer, field = self._answer(payload["messages"]), payload.get(RESPONSE_FORMAT)
        schema = None if field is None else schema_of(field)
        if schema is not None:
            answer = under_schema(answer, payload["messages"], schema)
        return _completion(payload, answer, number)

    def _error(self, status: int, message: str) -> web.Response:
        return error_response(status, message)


@contextmanager
def running_server(
    answer: Answerer = canned_answer, *, kind: type[FakeServer] = FakeServer, **options: Any
) -> Iterator[FakeServer]:
    """A `FakeServer` in a thread with its own event loop, for callers that are not asynchronous."""
    server = kind(answer, **options)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake-server", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _completion(payload: Mapping[str, Any], text: str, number: int) -> dict[str, Any]:
    """Four characters count as a token, as a rule of thumb for English."""
    prompt_tokens = sum(len(str(message["content"])) for message in payload["messages"]) // 4
    completion_tokens = max(1, len(text) // 4)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 0,
        "model": payload.get("model", "fake"),
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"},
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def main() -> None:
    """Prints the URL as the first line and serves until it is ended."""
    options = _parser().parse_args()
    server = FakeServer(
        refusing_answer if options.refuse else canned_answer,
        faults=dict(options.fault),
        models=options.model,
        authorization=f"Bearer {options.api_key}" if options.api_key else None,
        latency=options.latency,
        per_second=options.per_second,
        port=options.port,
        keep_requests=False,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(server))


async def _serve(server: FakeServer) -> None:
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m afl.testing.server", description=FakeServer.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free port")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--per-second", type=int, metavar="N", help="answer more requests than this with 429")
    parser.add_argument("--api-key", metavar="KEY", help="the only key that is accepted")
    parser.add_argument("--model", action="append", default=[], metavar="ID", help="list this model; repeatable")
    parser.add_argument("--refuse", action="store_true", help="never accept, so that all rounds are used")
    kinds = f"an HTTP status or one of: {', '.join(FAULTS)}"
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_numbered_fault,
        metavar="N=KIND",
        help=f"replace the response to request N: {kinds}",
    )
    return parser


def _numbered_fault(text: str) -> tuple[int, Fault]:
    number, _, kind = text.partition("=")
    if not number.isdigit() or not (kind.isdigit() or kind in FAULTS):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected N=KIND such as 3=500")
    return int(number), named_fault(kind)


if __name__ == "__main__":
    main()


@contextmanager
def server_process(*arguments: str) -> Iterator[str]:
    """The URL of a server in its own process, `python -m afl.testing.server ARGUMENTS`, which ends with the block."""
    command = [sys.executable, "-m", "afl.testing.server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the fake server did not start: {' '.join(command)}")
        try:
            yield url
        finally:
            process.terminate()
