"""`--llm openai:MODEL`: OpenAI, or any endpoint with its chat completions API."""

import base64
import json
from collections.abc import Awaitable, Callable
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from afl.errors import EndpointError, UsageError
from afl.extras import optional_imports
from afl.llm.endpoint_errors import WRONG_KEY
from afl.llm.error_body import ErrorBody
from afl.llm.language_model import (
    DEFAULT_SOURCE,
    EndpointSource,
    LanguageModel,
    LanguageModelContext,
    LanguageModelSpec,
)
from afl.llm.redaction import host_and_port, redact_line, redact_logs, secret_encodings, url_secrets
from afl.llm.request_cost import price_of
from afl.llm.sampling import SamplingOptions
from afl.settings import Settings

if TYPE_CHECKING:
    from afl.llm.openai_chat import RawChatOpenAI

OPENAI_URL = "https://api.openai.com/v1"
NO_KEY = "none-needed"
CHECK_TIMEOUT = 10.0
_NO_MODEL_LIST = frozenset({404, 405, 429, 501})
"""What endpoints answer that have no list of models, or share it with nobody."""


def openai_model(context: LanguageModelContext) -> LanguageModel:
    """The model named after the colon; `UsageError` without a name, without a key where one is needed."""
    if context.argument is None:
        raise UsageError("got --llm openai, expected openai:MODEL, for example openai:gpt-4o-mini")
    source = context.spec.source
    url = _checked_url(openai_address(context.spec, context.settings), source)
    key = _read_key(context, url)
    address, headers, query = _split_url(url)
    chat = _chat(context.argument, address, key, context.spec.sampling, headers, query, context.timeout)
    secrets = (*(() if key == NO_KEY else secret_encodings(key)), *url_secrets(url))
    return LanguageModel(
        name=f"openai:{context.argument}",
        chat=chat,
        parameters=chat.sampling.parameters(),
        price=context.spec.price
        or price_of(
            context.argument,
            user_prices=context.settings.prices_file,
            address=url,
            options=context.spec.sampling.body(),
        ),
        check=endpoint_check(chat, url=url, secrets=secrets, source=source),
        close=redact_logs(secrets, until=chat.aclose),
        endpoint=host_and_port(url),
        source=source,
        secrets=secrets,
        adaptations=chat.adaptations,
        has_endless_replies=chat.sampling.max_tokens is None and chat.default_max_tokens is None,
    )


def openai_address(spec: LanguageModelSpec, settings: Settings) -> str:
    """Where a model is asked: at the stated address, that of the settings, or OpenAI's."""
    return spec.base_url or settings.openai_base_url or OPENAI_URL


def endpoint_check(
    chat: "RawChatOpenAI",
    *,
    url: str,
    secrets: tuple[str, ...],
    source: EndpointSource = DEFAULT_SOURCE,
    timeout: float = CHECK_TIMEOUT,
) -> Callable[[], Awaitable[str | None]]:
    """A function that requests the list of models, and raises `EndpointError` where nobody answers or the key is wrong.

    The list itself proves little: gateways leave deployments and variants out, and some servers that chat well fail to
    list anything. So a list that cannot be read, or that lacks the model, is a line to show; the first call decides.
    """
    import httpx2
    import openai

    address = host_and_port(url)

    async def check() -> str | None:
        client = chat.root_async_client
        try:
            response = await client.get("/models", cast_to=httpx2.Response, options={"timeout": timeout})
        except openai.APIStatusError as error:
            if error.status_code == 401 or WRONG_KEY.matches(
                error.status_code, ErrorBody.read(error.response.content)
            ):
                raise EndpointError(f"wrong key: {address} refuses it; check {source.key}") from None
            if error.status_code in _NO_MODEL_LIST:
                return None
            return f"{address} cannot list its models ({error.status_code}); the first call will tell"
        except openai.APITimeoutError:
            raise EndpointError(
                f"nobody answers at {address} within {timeout:g} s; check {source.address}"
            ) from None
        except openai.APIConnectionError as error:
            reason = redact_line(str(error.__cause__ or error), secrets)
            raise EndpointError(f"nobody answers at {address} ({reason}); check {source.address}") from None
        return _list_warning(chat.model_name, response.content, address, source)

    return check


def _list_warning(model: str, body: bytes, address: str, source: EndpointSource) -> str | None:
    """What is odd about the list of models; None where the model is on it, or may be."""
    listed = _listed_models(body)
    if listed is None:
        return (
            f"{address} answers the request for its models with something else; "
            f"is {source.address} right? It usually ends in /v1"
        )
    if not listed or any(_matches(entry, model) for entry in listed):
        return None
    examples = ", ".join(sorted(listed)[:5])
    return f"{address} does not list the model {model!r}; it lists: {examples}{', ...' if len(listed) > 5 else ''}"


def _listed_models(body: bytes) -> list[str] | None:
    """The ids of a list of models, in the layouts that servers have; None where it is none."""
    try:
        listing = json.loads(body)
    except (ValueError, RecursionError):
        return None
    entries = listing.get("data", listing.get("models")) if isinstance(listing, dict) else listing
    if entries is None and isinstance(listing, dict) and "data" in listing:
        return []
    if not isinstance(entries, list):
        return None
    names = (entry if isinstance(entry, str) else _model_id(entry) for entry in entries)
    return [name for name in names if name]


def _model_id(entry: object) -> str | None:
    if not isinstance(entry, dict):
        return None
    return next((str(entry[key]) for key in ("id", "name", "model") if entry.get(key)), None)


def _matches(entry: str, model: str) -> bool:
    """Ollama lists `llama3:latest` for `llama3`, Google `models/gemini` for `gemini`; OpenRouter takes variants of what
    it lists (`m:nitro`), proxies list patterns (`openai/*`)."""
    names = (entry, entry.partition(":")[0], entry.rpartition("/")[2])
    return model in names or model.partition(":")[0] == entry or ("*" in entry and fnmatchcase(model, entry))


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
    if source.is_key_stated:
        raise UsageError(f"no key in {source.key}: set it or write it into .env")
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
