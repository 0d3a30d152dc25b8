"""LangChain's ChatOpenAI, posting plain JSON over aiohttp."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx2
from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_openai import ChatOpenAI
from openai import APIConnectionError, APIStatusError, APITimeoutError, AsyncOpenAI, DefaultAioHttpClient
from pydantic import PrivateAttr, SecretStr
from yarl import URL

from afl.llm.adaptations import MAX_COMPLETION_TOKENS, MAX_TOKENS, Change, EndpointAdaptations, merge_system
from afl.llm.completions import Completion, TokenCounts, parse_completion
from afl.llm.endpoint_errors import judge
from afl.llm.error_body import ErrorBody
from afl.llm.langchain_chat import CallbackBypassChatModel
from afl.llm.sampling import DEFAULT_SAMPLING, SamplingOptions, SystemRole
from afl.llm.time_limits import DEFAULT_REQUEST_TIMEOUT

_KEEPALIVE = 5.0
"""Seconds for which an unused connection is kept, as in the SDK: servers close theirs not much later."""


class EndpointClient:
    """Posts with an SDK client's address, headers and errors, but over aiohttp alone.

    The SDK builds every request anew, and httpx does so again: together four times what sending takes. Here address
    and headers are built once. Nothing is retried. `is_direct`: never through a proxy.
    """

    def __init__(
        self, client: AsyncOpenAI, path: str, *, timeout: httpx2.Timeout, is_direct: bool = False
    ) -> None:
        self._client = client
        self._path = path
        self._is_direct = is_direct
        self.move_to(str(client.base_url))
        headers = {**client.auth_headers, **client.default_headers}
        # What is not a string marks a header that the SDK would leave out.
        self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        self._timeout = ClientTimeout(total=None, sock_connect=timeout.connect, sock_read=timeout.read)
        self._session: ClientSession | None = None

    def move_to(self, base_url: str) -> None:
        """From now on requests go to this address."""
        query = {name: str(value) for name, value in self._client.default_query.items()}
        self._url = URL(base_url).joinpath(self._path).extend_query(query)

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
        proxy = None if self._is_direct else proxy_for(self._url)
        return ClientSession(connector=connector, headers=self._headers, timeout=self._timeout, proxy=proxy)

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


CONNECT_TIMEOUT = 10.0
Locate = Callable[[], Awaitable[str]]
"""Where a server on this machine answers, which is started if need be: `http://127.0.0.1:PORT`."""


class RawChatOpenAI(CallbackBypassChatModel, ChatOpenAI):
    """ChatOpenAI whose asynchronous calls skip the SDK's typed requests and responses.

    Those take more time than the call itself. The request is built by LangChain; connections, headers and errors are
    the SDK's; nothing is retried but what the endpoint takes only in another form. Anything but a chat completion
    raises `InvalidResponseError`.
    """

    _adaptations: EndpointAdaptations = PrivateAttr(default_factory=EndpointAdaptations)
    _sampling: SamplingOptions = PrivateAttr(default=DEFAULT_SAMPLING)
    _default_max_tokens: int | None = PrivateAttr(default=None)
    _locate: Locate | None = PrivateAttr(default=None)

    @property
    def sampling(self) -> SamplingOptions:
        """What is asked for."""
        return self._sampling

    @property
    def default_max_tokens(self) -> int | None:
        """The longest reply where neither an option nor a budget limits it; None for no limit."""
        return self._default_max_tokens or self.sampling.default_max_tokens

    @property
    def adaptations(self) -> EndpointAdaptations:
        """What the endpoint made necessary so far."""
        return self._adaptations

    def locate_with(self, locate: Locate) -> None:
        """Has `locate` say before each request where it goes; such requests go through no proxy."""
        self._locate = locate

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        request = self._get_request_payload(messages, stop=stop, **{**kwargs, **self._length(kwargs)})
        request |= {name: value for name, value in self.sampling.body().items() if name != MAX_TOKENS}
        request["messages"] = _system_as(self.sampling.system_role, request["messages"])
        if not self._is_openai() and MAX_COMPLETION_TOKENS in request:
            # The name that all endpoints but OpenAI's reasoning models understand.
            request[MAX_TOKENS] = request.pop(MAX_COMPLETION_TOKENS)
        return _chat_result(parse_completion(await self._post(request)))

    def _length(self, budgeted: Mapping[str, Any]) -> dict[str, int]:
        """The longest reply: the option of the model or the limit of a budget, whichever is shorter."""
        lengths = [length for length in (self.sampling.max_tokens, budgeted.get(MAX_TOKENS)) if length]
        longest = min(lengths) if lengths else self.default_max_tokens
        return {} if longest is None else {MAX_TOKENS: longest}

    async def _post(self, request: Mapping[str, Any]) -> bytes:
        """The body of the response; a request that the endpoint does not take is sent again in a form that it takes."""
        if self._locate is not None:
            self.endpoint.move_to(f"{await self._locate()}/v1")
        return await self.adaptations.send(request, self.endpoint.post, _necessary_change)

    @cached_property
    def endpoint(self) -> EndpointClient:
        """The client that requests completions."""
        assert isinstance(self.request_timeout, httpx2.Timeout), "given by `make_chat`"
        return EndpointClient(
            self.root_async_client,
            "chat/completions",
            timeout=self.request_timeout,
            is_direct=self._locate is not None,
        )

    def _is_openai(self) -> bool:
        host = str(self.root_async_client.base_url.host)
        return host == "api.openai.com" or host.endswith(".azure.com")

    async def aclose(self) -> None:
        """Closes the connections; aiohttp warns about those left open."""
        await self.endpoint.aclose()
        await self.root_async_client.close()


def _system_as(role: SystemRole, messages: Sequence[Any]) -> list[Any]:
    """The messages with the system text as asked for; LangChain has renamed it already for some models."""
    if role == "system":
        return [*messages]
    if role == "merge":
        return [*merge_system(messages)]
    return [{**message, "role": role} if message["role"] == "system" else message for message in messages]


def _necessary_change(error: Exception, request: Mapping[str, Any]) -> Change | None:
    if not isinstance(error, APIStatusError):
        return None
    return judge(error.status_code, ErrorBody.read(error.response.content), request=request).change


def _chat_result(completion: Completion) -> ChatResult:
    apart = {"refusal": completion.refusal, "reasoning_content": completion.reasoning}
    tokens = completion.tokens
    message = AIMessage(
        completion.text,
        additional_kwargs={name: value for name, value in apart.items() if value},
        response_metadata={"finish_reason": completion.finish_reason, "model_name": completion.model},
        usage_metadata=None if tokens is None else _usage(tokens),
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def _usage(tokens: TokenCounts) -> UsageMetadata:
    usage = UsageMetadata(
        input_tokens=tokens.prompt, output_tokens=tokens.completion, total_tokens=tokens.prompt + tokens.completion
    )
    if tokens.reasoning is not None:
        usage["output_token_details"] = {"reasoning": tokens.reasoning}
    if tokens.cache is not None:
        usage["input_token_details"] = {"cache_read": tokens.cache.read, "cache_creation": tokens.cache.written}
    return usage


def make_chat(
    *,
    model: str,
    base_url: str,
    api_key: str,
    sampling: SamplingOptions = DEFAULT_SAMPLING,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    read_timeout: float = DEFAULT_REQUEST_TIMEOUT,
    default_max_tokens: int | None = None,
) -> RawChatOpenAI:
    """A client that neither retries nor streams.

    The default temperature is left out for models that are known to refuse it; any other is asked for. `read_timeout`:
    seconds of silence. `default_max_tokens`: the longest reply where nothing else limits it; None for that of the
    sampling options.
    """
    is_default = sampling.temperature == DEFAULT_SAMPLING.temperature
    # o1, o3, ...; LangChain sees to later ones.
    refuses_any = model.startswith("o") and model[1:2].isdigit()
    chat = RawChatOpenAI(
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
        temperature=sampling.temperature if is_default and not refuses_any else None,
    )
    if not is_default:
        chat.temperature = sampling.temperature
    chat._sampling = replace(sampling, temperature=chat.temperature)
    chat._default_max_tokens = default_max_tokens
    return chat
