"""`--llm openai:MODEL`: OpenAI, or any endpoint with its chat completions API."""

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from afl.errors import EndpointError, UsageError
from afl.extras import optional_imports
from afl.llm.language_model import (
    DEFAULT_SOURCE,
    EndpointSource,
    LanguageModel,
    LanguageModelContext,
    SamplingOptions,
)
from afl.llm.redaction import SecretRedactionFilter, host_and_port, redact_line, secret_encodings, url_secrets
from afl.llm.request_cost import price_of

if TYPE_CHECKING:
    from afl.llm.openai_chat import RawChatOpenAI

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none-needed"
CHECK_TIMEOUT = 10.0
_NO_MODEL_LIST = frozenset({404, 405, 429, 501})


def openai_model(context: LanguageModelContext) -> LanguageModel:
    """The model named after the colon; `UsageError` without a name, without a key where one is needed."""
    if context.argument is None:
        raise UsageError("got --llm openai, expected openai:MODEL, for example openai:gpt-4o-mini")
    source = context.spec.source
    url = _checked_url(context.spec.base_url or context.settings.openai_base_url or OPENAI_URL, source)
    key = _read_key(context, url)
    address, headers, query = _split_url(url)
    chat = _chat(context.argument, address, key, context.spec.sampling, headers, query, context.timeout)
    secrets = (*(() if key == NO_KEY else secret_encodings(key)), *url_secrets(url))
    logs = SecretRedactionFilter(secrets)
    logs.install()

    async def close() -> None:
        await chat.aclose()
        logs.uninstall()

    return LanguageModel(
        name=f"openai:{context.argument}",
        chat=chat,
        parameters=replace(context.spec.sampling, temperature=chat.temperature).parameters(),
        price=price_of(context.argument, user_prices=context.settings.prices_file),
        check=endpoint_check(chat, url=url, secrets=secrets, source=source),
        close=close,
        endpoint=host_and_port(url),
        source=source,
        secrets=secrets,
    )


def endpoint_check(
    chat: "RawChatOpenAI",
    *,
    url: str,
    secrets: tuple[str, ...],
    source: EndpointSource = DEFAULT_SOURCE,
    timeout: float = CHECK_TIMEOUT,
) -> Callable[[], Awaitable[None]]:
    """A function that requests the list of models and raises `EndpointError` if no call could work.

    An endpoint without such a list passes; one whose list lacks the model does not.
    """
    import httpx2
    import openai

    address = host_and_port(url)

    async def check() -> None:
        client = chat.root_async_client
        try:
            response = await client.get("/models", cast_to=httpx2.Response, options={"timeout": timeout})
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise EndpointError(f"wrong key: {address} refuses it; check {source.key}") from None
            if error.status_code not in _NO_MODEL_LIST:
                raise EndpointError(f"{address} answers {error.status_code}; is the server up?") from None
        except openai.APITimeoutError:
            raise EndpointError(
                f"nobody answers at {address} within {timeout:g} s; check {source.address}"
            ) from None
        except openai.APIConnectionError as error:
            reason = redact_line(str(error.__cause__ or error), secrets)
            raise EndpointError(f"nobody answers at {address} ({reason}); check {source.address}") from None
        else:
            _require_model(chat.model_name, response.content, address, source)

    return check


def _require_model(model: str, body: bytes, address: str, source: EndpointSource) -> None:
    try:
        listed = [str(entry["id"]) for entry in json.loads(body)["data"] or ()]
    except (ValueError, LookupError, TypeError):
        raise EndpointError(
            f"{address} answers, but not like an OpenAI-compatible endpoint; {source.address} usually ends in /v1"
        ) from None
    if listed and not any(_matches(entry, model) for entry in listed):
        examples = ", ".join(sorted(listed)[:5])
        raise EndpointError(
            f"{address} has no model {model!r}; it has: {examples}{', ...' if len(listed) > 5 else ''}"
        )


def _matches(entry: str, model: str) -> bool:
    """Ollama lists `llama3:latest` for `llama3`, Google `models/gemini` for `gemini`."""
    return model in (entry, entry.partition(":")[0], entry.rpartition("/")[2])


def _read_key(context: LanguageModelContext, url: str) -> str:
    source = context.spec.source
    key = context.spec.api_key or context.settings.api_key(source.key)
    text = "" if key is None else key.get_secret_value().strip()
    if not (text.isascii() and text.isprintable()):
        raise UsageError(
            f"{source.key} contains characters that no key has (a line break, a letter with an accent)"
        )
    if text:
        return text
    if urlsplit(url).hostname == "api.openai.com":
        raise UsageError(
            f"no key for api.openai.com: set {source.key} or write it into .env; "
            f"for another server give its address with {source.address}"
        )
    return NO_KEY


def _checked_url(url: str, source: EndpointSource) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(
            f"got {source.address} {redact_line(url)!r}, expected something like http://localhost:8000/v1"
        )
    return url


def _split_url(url: str) -> tuple[str, dict[str, str], dict[str, str]]:
    """The bare address, the Authorization header for `user:password@` (which replaces the key's), and the query."""
    parts = urlsplit(url)
    credentials, at, host = parts.netloc.rpartition("@")
    encoded = base64.b64encode(unquote(credentials).encode()).decode()
    headers = {"Authorization": f"Basic {encoded}"} if at else {}
    return parts._replace(netloc=host, query="", fragment="").geturl(), headers, dict(parse_qsl(parts.query))


def _chat(
    model: str,
    url: str,
    key: str,
    sampling: SamplingOptions,
    headers: dict[str, str],
    query: dict[str, str],
    timeout: float,
) -> "RawChatOpenAI":
    with optional_imports("openai", "--llm openai"):
        from afl.llm.openai_chat import make_chat
    return make_chat(
        model=model,
        base_url=url,
        api_key=key,
        sampling=sampling,
        headers=headers,
        query=query,
        read_timeout=timeout,
    )
