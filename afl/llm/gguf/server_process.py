"""A running `afl.llm.gguf.serve`, seen from the process that started it."""

import json
import re
import subprocess
import sys
import tempfile
from contextlib import suppress

from afl.errors import EndpointError
from afl.llm.gguf import serve
from afl.llm.gguf.serve import ServerRequest
from afl.llm.redaction import redact_line

_END_SECONDS = 2.0
"""A process that is loading or computing may take a moment until it sees that its stdin is closed."""
_LOG_PREFIX = re.compile(r"^[\d.]+ [A-Z] +")
"""Time and level of a line of llama.cpp's log."""


class ServerProcess:
    """llama.cpp's server for a model, as a child process; it does not outlive this one."""

    def __init__(self, request: ServerRequest) -> None:
        self._request = request
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `end`
        self._process = subprocess.Popen(
            [sys.executable, "-m", serve.__name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for the command, which ends the server when all else is done
        )

    @property
    def threads(self) -> int:
        """Those that the model is computed with."""
        return self._request.threads

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def wait_for_address(self) -> str:
        """Where the server answers, once the model is loaded. Raises `EndpointError` where it cannot be loaded."""
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        try:
            self._process.stdin.write(self._request.to_line())
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or "{}")
        except (OSError, ValueError):  # it ended before it could answer
            answer = {}
        if "address" not in answer:
            reason = self.reason or answer.get("error") or "its process ended"
            raise EndpointError(f"{self._request.path}: llama.cpp cannot load the model: {reason}")
        return str(answer["address"])

    @property
    def reason(self) -> str:
        """The first error that llama.cpp logged: later ones follow from it."""
        size = self._log.seek(0, 2)
        self._log.seek(0)
        lines = self._log.read(size).decode("utf-8", "replace").splitlines()
        errors = [line for line in lines if re.match(r"[\d.]+ E ", line)] or lines[-1:]
        return redact_line(_LOG_PREFIX.sub("", errors[0]), (self._request.key,)) if errors else ""

    def end(self) -> None:
        """Ends the process; it is waited for, and killed where it takes long."""
        assert self._process.stdin is not None, "a pipe"
        assert self._process.stdout is not None, "a pipe"
        with suppress(OSError):  # where it has ended
            self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Not earlier: another thread may be waiting for the address.
        self._process.stdout.close()
        self._log.close()
