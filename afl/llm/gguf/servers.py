"""The servers of local models in this process: one for each file, started when it is needed, shared by all who ask."""

import asyncio
import secrets
import threading
from functools import cache
from pathlib import Path

from afl.errors import EndpointError
from afl.llm.gguf.cores import thread_count
from afl.llm.gguf.serve import ServerRequest
from afl.llm.gguf.server_process import ServerProcess

SLOTS = 4
"""Requests that a local model answers at the same time; more would wait in its server, where their time limit runs."""
CONTEXT = 4096
"""Tokens of a request and its reply together."""
CACHE = 1024
"""MiB for the prompts of earlier requests: those of a dialogue begin alike."""
_MAX_STARTS = 3


@cache
def api_key() -> str:
    """The key of this process's servers: other users of the machine cannot ask them."""
    return secrets.token_urlsafe(24)


class ServerLease:
    """One user of the server of a file; the server starts with the first request for its address.

    It ends with the last lease that is released.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._server: SharedServer | None = None

    async def address(self) -> str:
        """Where the server answers. Raises `EndpointError` where the model cannot be served."""
        server = self._server = self._server or _acquire(self._path)
        address = server.address
        return address if address is not None else await asyncio.to_thread(server.start)

    async def release(self) -> None:
        """Ends the server if nobody else has a lease."""
        server, self._server = self._server, None
        if server is not None and _is_last_release(self._path):
            await asyncio.to_thread(server.close)


class SharedServer:
    """The server of a file, started as often as it takes: it is another process, which may be killed."""

    def __init__(self, path: Path) -> None:
        self.leases = 0
        self._path = path
        self._starting = threading.Lock()
        self._starts = 0
        self._process: ServerProcess | None = None
        self._address: str | None = None
        self._is_closed = False

    @property
    def address(self) -> str | None:
        """Where it answers; None while it does not run."""
        is_running = self._process is not None and self._process.is_running
        return self._address if is_running else None

    @property
    def threads(self) -> int:
        """Those it computes with when it is asked."""
        return 0 if self._process is None else self._process.threads

    def start(self) -> str:
        """Where it answers, once the model is loaded. Raises `EndpointError` where it cannot be served."""
        with self._starting:
            if (address := self.address) is not None:
                return address
            self._end_process()
            if self._starts == _MAX_STARTS:
                raise EndpointError(f"{self._path}: llama.cpp's server ended {_MAX_STARTS} times")
            self._starts += 1
            self._process = process = ServerProcess(self._request())
            if self._is_closed:  # at the same time
                process.end()
            self._address = address = process.wait_for_address()
            return address

    def close(self) -> None:
        """Ends the process, even while the model is being loaded."""
        self._is_closed = True
        self._end_process()

    def _end_process(self) -> None:
        process, self._process, self._address = self._process, None, None
        if process is not None:
            process.end()

    def _request(self) -> ServerRequest:
        return ServerRequest(
            path=str(self._path),
            name=f"gguf:{self._path.stem}",
            key=api_key(),
            slots=SLOTS,
            context=CONTEXT,
            threads=thread_count(reserved=_other_threads(self)),
            cache=CACHE,
        )


_servers: dict[Path, SharedServer] = {}
_lock = threading.Lock()


def _acquire(path: Path) -> SharedServer:
    with _lock:
        server = _servers.setdefault(path, SharedServer(path))
        server.leases += 1
        return server


def _is_last_release(path: Path) -> bool:
    with _lock:
        _servers[path].leases -= 1
        if _servers[path].leases:
            return False
        del _servers[path]
        return True


def _other_threads(server: SharedServer) -> int:
    """Those of the other models that this process has served."""
    with _lock:
        return sum(other.threads for other in _servers.values() if other is not server)
