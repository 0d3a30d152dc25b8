"""Who may send requests to the viewer, and what its pages may do.

A page on the internet can make a browser ask 127.0.0.1. Such a request names a foreign Host (DNS rebinding) or a
foreign Origin, and is refused. Beyond the loopback address everybody must show a token.
"""

import hmac
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
TOKEN = "token"
COOKIE = "afl_token"

# plotly puts its rules into two style elements, which it creates empty or with constant content.
PLOTLY_STYLES = (
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",  # pragma: allowlist secret
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",  # pragma: allowlist secret
)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        f"style-src 'self' {' '.join(PLOTLY_STYLES)}",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from other hosts, nothing inline: markup smuggled into a page could do nothing."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "interest-cohort=()",
    "Cache-Control": "no-store",
}


class Access:
    """Lets requests through that name one of `hosts`, come from no other page, and hold the token if there is one."""

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str] = LOOPBACK, token: str | None = None) -> None:
        """`hosts`: names without port; with a token any name is allowed, since the machine may have several."""
        self.app = app
        self.hosts = frozenset(host.casefold() for host in hosts)
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = self._refusal(scope)
        await (answer or self.app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.token is None and _name(host) not in self.hosts:
            return PlainTextResponse("This viewer answers to 127.0.0.1 and localhost only.\n", 400)
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return PlainTextResponse("This viewer answers to its own pages only.\n", 403)
        return None if self.token is None else self._token_refusal(scope, headers, self.token)

    def _token_refusal(self, scope: Scope, headers: Headers, token: str) -> Response | None:
        """None for a request with the token, which moves from the address to a cookie: out of links and history."""
        query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        if _equal(dict(query).get(TOKEN, ""), token):
            rest = urlencode([(key, value) for key, value in query if key != TOKEN])
            answer = RedirectResponse(_local_path(scope["path"]) + (f"?{rest}" if rest else ""), 303)
            answer.set_cookie(COOKIE, token, httponly=True, samesite="strict")
            return answer
        if _equal(_cookie(headers), token):
            return None
        return PlainTextResponse("Open the address that `afl view` printed: it holds the token.\n", 401)


def _local_path(path: str) -> str:
    """A path that stays on this server: a browser takes `//name` for another one."""
    return "/" + path.lstrip("/\\")


def _equal(text: str, token: str) -> bool:
    return hmac.compare_digest(text.encode("utf-8", "replace"), token.encode())


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _name(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdigit() else host).casefold()


def _with_headers(send: Send) -> Any:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
