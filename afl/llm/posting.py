"""JSON to one address of an SDK's client, the short way."""

import json
import ssl
from collections.abc import Mapping
from typing import Any

import httpx2
from openai import APIConnectionError, APITimeoutError, AsyncOpenAI


class Poster:
    """Posts with the SDK's address, headers and errors over its connections, but without its typed requests.

    Those are built anew for every call, which takes longer than sending them; here address and headers are put
    together once. Nothing is retried.
    """

    def __init__(self, client: AsyncOpenAI, http: httpx2.AsyncClient, path: str) -> None:
        self._client = client
        self._http = http
        query = {name: str(value) for name, value in client.default_query.items()}
        url = client.base_url.join(path).copy_merge_params(query)
        headers = {**client.auth_headers, **client.default_headers}
        # What is not a string marks a header that the SDK would leave out.
        said = {name: value for name, value in headers.items() if isinstance(value, str)}
        self._empty = http.build_request("POST", url, headers=said, timeout=client.timeout)
        del self._empty.headers["Content-Length"]

    async def post(self, body: Mapping[str, Any]) -> bytes:
        """The body of the answer. Raises `openai.APIStatusError` for 4xx and 5xx, `openai.APIConnectionError`."""
        request = httpx2.Request(
            "POST",
            self._empty.url,
            headers=self._empty.headers,
            # In ASCII, so that even half a character that some reply held can be sent.
            content=json.dumps(body, separators=(",", ":")).encode(),
            extensions=self._empty.extensions,
        )
        try:
            response = await self._http.send(request)
        except httpx2.TimeoutException as error:
            raise APITimeoutError(request=request) from error
        except (httpx2.RequestError, ssl.SSLError) as error:
            raise APIConnectionError(request=request) from error
        if not response.is_success:
            raise self._client._make_status_error_from_response(response)
        return response.content
