"""Opens the port and the browser; Ctrl-C closes the viewer."""

import errno
import os
import secrets
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlencode

import uvicorn

from afl.errors import UsageError
from simulations.viewer.access import LOOPBACK, TOKEN
from simulations.viewer.app import create_app

HOST, PORT = "127.0.0.1", 7576
_PATIENCE = 2
"""Seconds for requests in progress to finish when the viewer is closed."""


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a viewer."""

    host: str
    port: int
    token: str | None
    """None on this machine's own addresses."""

    def url(self, path: str = "/") -> str:
        """The URL of a page, with the token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        joined = "&" if "?" in path else "?"
        return f"http://{host}:{self.port}{path}" + (
            f"{joined}{urlencode({TOKEN: self.token})}" if self.token else ""
        )


def serve(
    url: str,
    *,
    datasets: Path | None = None,
    host: str = HOST,
    port: int = PORT,
    opened: Callable[[Address], None] = lambda address: None,
) -> None:
    """Shows the database at `url` until Ctrl-C; `opened` receives the address once pages are served.

    Port 0 is any free one. Raises `UsageError` where the port is taken or the host is not one of this machine.
    """
    with _listening(host, port) as listener:
        token = None if is_loopback(host) else secrets.token_urlsafe(24)
        address = Address(_reached_by(host), listener.getsockname()[1], token)
        app = create_app(url, datasets=datasets, hosts=[*LOOPBACK, _in_address(host)], token=token)
        settings = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            server_header=False,
            ws="none",
            lifespan="on",
            timeout_graceful_shutdown=_PATIENCE,
        )
        with suppress(KeyboardInterrupt):  # the usual way to close a viewer
            _Server(settings, lambda: opened(address)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Calls `opened` once it serves pages."""

    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]) -> None:
        super().__init__(config)
        self._opened = opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._opened()


def _listening(host: str, port: int) -> socket.socket:
    """The listening socket. Raises `UsageError` where there can be none."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OverflowError:
        raise UsageError(f"--port {port}: expected 0 to 65535") from None
    except OSError as error:
        raise UsageError(f"--host {host} --port {port}: {_why(error)}") from None


_NOT_HERE = "not an address of this machine; 127.0.0.1 is always one"


def _why(error: OSError) -> str:
    messages = {
        errno.EADDRINUSE: "the port is taken, perhaps by another viewer; name another, or --port 0 for any",
        errno.EACCES: "ports below 1024 are not for everyone; name another",
        errno.EADDRNOTAVAIL: _NOT_HERE,
        socket.EAI_NONAME: _NOT_HERE,
    }
    return messages.get(error.errno or 0, f"cannot be listened on ({error.strerror or error})")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def _reached_by(host: str) -> str:
    """A name to reach it by; the wildcard address is none."""
    return socket.gethostname() if host in ("0.0.0.0", "::") else host


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host.casefold()


def open_browser(url: str) -> None:
    """Opens a browser on this machine, if it has a display, without waiting for its start."""
    if sys.platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return  # it would open a browser in the terminal
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
