"""LangChain's ChatOpenAI, posting plain JSON over aiohttp."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

import httpx2
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatResult
from langchain_openai import ChatOpenAI
from openai import DefaultAioHttpClient
from pydantic import SecretStr

from afl.llm.callback_bypass import CallbackBypassChatModel
from afl.llm.failures import InvalidResponseError
from afl.llm.http_client import EndpointClient
from afl.llm.language_model import DEFAULT_SAMPLING, SamplingOptions
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT

CONNECT_TIMEOUT = 10.0


class RawChatOpenAI(CallbackBypassChatModel, ChatOpenAI):
    """ChatOpenAI whose asynchronous calls skip the SDK's typed requests and responses.

    Those take more time than the call itself. The request is built by LangChain; connections, headers and errors are
    the SDK's; nothing is retried. Anything but a chat completion raises `InvalidResponseError`.
    """

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        if not self._is_openai() and "max_completion_tokens" in payload:
            # The name that all endpoints but OpenAI's reasoning models understand.
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        completion = parse_completion(await self.endpoint.post(payload))
        result = self._create_chat_result(completion)
        if refusal := completion["choices"][0]["message"].get("refusal"):
            result.generations[0].message.additional_kwargs["refusal"] = refusal
        return result

    @cached_property
    def endpoint(self) -> EndpointClient:
        """Where completions are requested."""
        assert isinstance(self.request_timeout, httpx2.Timeout), "given by `raw_chat_openai`"
        return EndpointClient(self.root_async_client, "chat/completions", timeout=self.request_timeout)

    def _is_openai(self) -> bool:
        host = str(self.root_async_client.base_url.host)
        return host == "api.openai.com" or host.endswith(".azure.com")

    async def aclose(self) -> None:
        """Closes the connections; aiohttp warns about those left open."""
        await self.endpoint.aclose()
        await self.root_async_client.close()


def parse_completion(body: bytes) -> dict[str, Any]:
    """The chat completion in a response body, with at least one message in it."""
    try:
        completion = json.loads(body)
        message = completion["choices"][0]["message"]
    except (ValueError, LookupError, TypeError) as error:
        start = body[:60].decode("utf-8", "replace")
        raise InvalidResponseError(
            f"expected a chat completion, got a body of {len(body)} bytes: {start!r}"
        ) from error
    if not isinstance(message, dict) or completion.get("error"):
        raise InvalidResponseError(
            f"expected a chat completion, got {str(completion.get('error') or message)[:80]!r}"
        )
    # Some servers leave it out, which LangChain takes for an error.
    message.setdefault("role", "assistant")
    return completion  # type: ignore[no-any-return]


def make_chat(
    *,
    model: str,
    base_url: str,
    api_key: str,
    sampling: SamplingOptions = DEFAULT_SAMPLING,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    read_timeout: float = DEFAULT_REQUEST_TIMEOUT,
) -> RawChatOpenAI:
    """A client that neither retries nor streams, without a temperature where the model refuses one.

    `read_timeout`: seconds of silence.
    """
    if model.startswith("o") and model[1:2].isdigit():  # o1, o3, ...; LangChain sees to later ones
        sampling = replace(sampling, temperature=None)
    return RawChatOpenAI(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key),
        default_headers=headers or None,
        default_query=query or None,
        max_retries=0,
        timeout=httpx2.Timeout(read_timeout, connect=CONNECT_TIMEOUT, pool=None),
        http_async_client=DefaultAioHttpClient(),
        use_responses_api=False,
        cache=False,
        # None included: what is left out takes LangChain's own default for some models.
        **asdict(sampling),
    )
