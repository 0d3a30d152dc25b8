"""`--llm langchain:PROVIDER:MODEL`: a chat model of any provider that LangChain has a package for."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afl.errors import UsageError
from afl.extras import optional_imports
from afl.llm.language_model import EndpointSource, LanguageModel, LanguageModelContext
from afl.llm.redaction import host_and_port, redact_logs, secret_encodings, url_secrets
from afl.llm.request_cost import price_of

if TYPE_CHECKING:
    from afl.llm.provider_chat import ProviderChat

NO_KEY = "none-needed"
_OWN_CREDENTIALS = (
    *("anthropic_bedrock", "bedrock", "bedrock_converse", "bedrock_mantle_anthropic", "bedrock_mantle_openai"),
    *("azure_ai", "google_anthropic_vertex", "google_vertexai", "huggingface", "ibm", "langsmith"),
    *("litellm", "ollama"),
)
"""Providers whose packages find credentials themselves, or need none."""
_KEYS = {"google_genai": "GOOGLE_API_KEY", "mistralai": "MISTRAL_API_KEY", "perplexity": "PPLX_API_KEY"}
"""The variable of a provider's key, where it is not PROVIDER_API_KEY."""


def langchain_model(context: LanguageModelContext) -> LanguageModel:
    """The model of `langchain:PROVIDER:MODEL`.

    Raises `UsageError` without a provider and a model, for a provider that LangChain does not know or whose package is
    not installed, without a key where one is needed, and for options that the provider's class does not take.
    """
    provider, model = provider_and_model(context.argument)
    source = _source(context.spec.source, provider)
    key = _read_key(context, provider, source)
    chat, asked = _chat(context, provider, model, key)
    url = context.spec.base_url or chat.address or os.environ.get(address_variable(provider), "")
    secrets = tuple(dict.fromkeys([*_secrets(chat, key), *url_secrets(url)]))
    return LanguageModel(
        name=f"langchain:{provider}:{model}",
        chat=chat,
        parameters=asked,
        price=context.spec.price
        or price_of(
            model, user_prices=context.settings.prices_file, address=url, provider=provider, options=asked
        ),
        close=redact_logs(secrets, until=chat.aclose),
        endpoint=host_and_port(url) if url else "",
        source=source,
        secrets=secrets,
        adaptations=chat.adaptations,
        has_endless_replies=context.spec.sampling.max_tokens is None
        and context.spec.sampling.default_max_tokens is None,
    )


def provider_and_model(argument: str | None) -> tuple[str, str]:
    """LangChain's name of the provider, and the model; `UsageError` where one is missing."""
    provider, _, model = (argument or "").partition(":")
    if not (provider and model):
        given = "langchain" if argument is None else f"langchain:{argument}"
        raise UsageError(
            f"got --llm {given}, expected langchain:PROVIDER:MODEL, for example langchain:anthropic:claude-opus-5"
        )
    return provider.replace("-", "_").lower(), model


def _source(source: EndpointSource, provider: str) -> EndpointSource:
    """Where the key is stated: in the provider's own variable, unless another was named."""
    if source.is_key_stated:
        return source
    return replace(source, key=_KEYS.get(provider, f"{provider.upper()}_API_KEY"))


def address_variable(provider: str) -> str:
    """Where SDKs look for another address than their provider's."""
    return f"{provider.upper()}_BASE_URL"


def _read_key(context: LanguageModelContext, provider: str, source: EndpointSource) -> str | None:
    key = context.spec.api_key or context.settings.api_key(source.key)
    text = "" if key is None else key.get_secret_value().strip()
    if not (text.isascii() and text.isprintable()):
        raise UsageError(
            f"{source.key} contains characters that no key has (a line break, a letter with an accent)"
        )
    if text:
        return text
    if context.spec.source.is_key_stated:
        raise UsageError(f"no key in {source.key}: set it or write it into .env")
    if provider in _OWN_CREDENTIALS:
        return None
    if context.spec.base_url or os.environ.get(address_variable(provider)):
        return NO_KEY
    raise UsageError(f"no key for {provider}: set {source.key} or write it into .env")


def _chat(
    context: LanguageModelContext, provider: str, model: str, key: str | None
) -> "tuple[ProviderChat, Mapping[str, Any]]":
    """The chat, and the sampling options that it is asked with."""
    with optional_imports("langchain", "--llm langchain"):
        import langchain.chat_models  # noqa: F401  # the extra; the rest comes with it
    from afl.llm.provider_chat import ProviderChat
    from afl.llm.provider_factory import ProviderFactory

    factory = ProviderFactory.of(
        provider, model, api_key=key, base_url=context.spec.base_url, timeout=context.timeout
    )
    asked = factory.checked(context.spec.sampling.parameters())
    return ProviderChat(factory, asked), asked


def _secrets(chat: "ProviderChat", key: str | None) -> Iterator[str]:
    """The key, and those that the provider's package has found itself."""
    for secret in (key, *chat.secrets):
        if secret and secret != NO_KEY:
            yield from secret_encodings(secret)
