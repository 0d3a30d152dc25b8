"""The process that serves a local model: llama.cpp's own server on loopback, until stdin is closed.

    python -m afl.llm.gguf.serve

The first line of stdin is a `ServerRequest` as JSON, the first line of stdout a JSON object: `{"address": URL}`, or
`{"error": TEXT}` where the model cannot be loaded. What llama.cpp logs goes to stderr, errors and warnings alone.

stdin is closed when the parent says so or ends, even if it is killed; so no server is left behind.
"""

import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any

_WARNINGS = 2
"""llama.cpp's level of logging; the reason why a model cannot be loaded is not shown below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRequest:
    """What is to be served, and how."""

    path: str
    """Of the model's file."""
    name: str
    """Of the model, in requests."""
    key: str
    """The only API key that is accepted."""
    slots: int
    """Requests that are answered at the same time."""
    context: int
    """Tokens of a request and its reply together; fewer where the model has a shorter context."""
    threads: int
    cache: int
    """MiB for the prompts of earlier requests, whose beginnings are not computed again."""

    def to_line(self) -> str:
        """As it is written to stdin."""
        return json.dumps(asdict(self)) + "\n"


def serve(request: ServerRequest) -> Any:
    """A running server. Raises `RuntimeError` where the model cannot be loaded; the reason is logged."""
    import xllamacpp  # type: ignore[import-untyped]

    params = xllamacpp.CommonParams()
    params.model.path = request.path
    params.model_alias = {request.name}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system chooses one
    params.api_keys = [request.key]
    params.n_parallel = request.slots
    params.n_ctx = request.slots * request.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = request.threads
    params.cache_ram_mib = request.cache
    params.ui = params.endpoint_slots = False
    params.verbosity = _WARNINGS
    return xllamacpp.Server(params)


def main() -> None:
    """The process: serves until stdin is closed."""
    # llama.cpp logs to stdout, too; only the answer may go there.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        request = ServerRequest(**json.loads(sys.stdin.readline()))
        threading.Thread(target=_exit_with_parent, daemon=True).start()
        try:
            server = serve(request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        else:
            answer = {"address": server.listening_address}
        answers.write(json.dumps(answer) + "\n")
    if "address" in answer:
        threading.Event().wait()


def _exit_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)  # at once: nobody waits for what is being computed


if __name__ == "__main__":
    main()
