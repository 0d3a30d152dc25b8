"""Posts JSON to one address with an SDK client's settings, bypassing the SDK's slow path."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx2
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from openai import APIConnectionError, APITimeoutError, AsyncOpenAI
from yarl import URL

_KEEPALIVE = 5.0
"""Seconds for which an unused connection is kept, as in the SDK: servers close theirs not much later."""


class EndpointClient:
    """Posts with an SDK client's address, headers and errors, but over aiohttp alone.

    The SDK builds every request anew, and httpx does so again: together four times what sending takes. Here address
    and headers are built once. Nothing is retried.
    """

    def __init__(self, client: AsyncOpenAI, path: str, *, timeout: httpx2.Timeout) -> None:
        self._client = client
        query = {name: str(value) for name, value in client.default_query.items()}
        self._url = URL(str(client.base_url)).joinpath(path).extend_query(query)
        headers = {**client.auth_headers, **client.default_headers}
        # What is not a string marks a header that the SDK would leave out.
        self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        self._timeout = ClientTimeout(total=None, sock_connect=timeout.connect, sock_read=timeout.read)
        self._session: ClientSession | None = None

    async def post(self, body: Mapping[str, Any]) -> bytes:
        """The body of the response. Raises `openai.APIStatusError` for 4xx and 5xx, `openai.APIConnectionError`."""
        if self._session is None:
            self._session = self._open_session()
        # ASCII, so that even a lone surrogate from some reply can be sent.
        content = json.dumps(body, separators=(",", ":")).encode()
        try:
            async with self._session.post(self._url, data=content) as response:
                answer = await response.read()
        except TimeoutError as error:
            raise APITimeoutError(request=self._request()) from error
        except (ClientError, OSError) as error:
            raise APIConnectionError(request=self._request()) from error
        if not response.ok:
            raise self._client._make_status_error_from_response(
                httpx2.Response(
                    response.status,
                    headers=_without_encoding(response.headers),
                    content=answer,
                    request=self._request(),
                )
            )
        return answer

    async def aclose(self) -> None:
        """Closes the connections."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self) -> ClientSession:
        """Certificates and proxies as the SDK finds them; the limiter limits the connections."""
        # Only where needed: reading all certificates takes a while, within the first attempt's time limit.
        tls = httpx2.create_ssl_context() if self._url.scheme == "https" else True
        connector = TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE, ssl=tls)
        return ClientSession(
            connector=connector, headers=self._headers, timeout=self._timeout, proxy=proxy_for(self._url)
        )

    def _request(self) -> httpx2.Request:
        """The request that an error refers to."""
        return httpx2.Request("POST", str(self._url))


def proxy_for(url: URL) -> str | None:
    """The proxy for an address from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, except NO_PROXY."""
    proxies = getproxies()
    proxy = proxies.get(url.scheme) or proxies.get("all")
    if proxy is None or proxy_bypass(url.host or ""):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _without_encoding(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without the content encoding: aiohttp has decoded the body."""
    return {name: value for name, value in headers.items() if name.lower() != "content-encoding"}
