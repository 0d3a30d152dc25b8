"""Makes the chat models of a provider with LangChain's `init_chat_model`: its errors are one line each."""

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from langchain.chat_models import init_chat_model
from langchain_core.language_models import BaseChatModel
from pydantic import AliasChoices, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from afl.errors import UsageError
from afl.extras import missing_library
from afl.llm.adaptations import DROPPABLE, MAX_TOKENS
from afl.llm.sampling import DEFAULT_SAMPLING

SYSTEM_ROLE = "system_role"
_NAMED = (*DROPPABLE, MAX_TOKENS)
"""Options that mean the same for every provider; they are never sent as mere fields of a request's body."""
_BODY_IN_MODEL_KWARGS = ("anthropic", "groq")
"""Providers whose class takes further fields of a request's body only among its `model_kwargs`."""
_SET_BY_AFL = frozenset(
    {"api_key", "base_url", "cache", "callbacks", "default_headers", "disable_streaming", "http_async_client"}
    | {"http_client", "max_retries", "metadata", "model", "model_kwargs", "n", "output_version", "rate_limiter"}
    | {"stop", "streaming", "tags", "timeout", "verbose"}
)


@dataclass(frozen=True, slots=True)
class ProviderFactory:
    """Makes chat models that differ in their sampling options alone."""

    provider: str
    model: str
    arguments: Mapping[str, Any]
    """What all of them are made with: address, key, time limit, no retries."""
    names: frozenset[str]
    """What their class takes."""

    @classmethod
    def of(
        cls, provider: str, model: str, *, api_key: str | None, base_url: str | None, timeout: float
    ) -> "ProviderFactory":
        """The factory of a provider's models, whose class is looked at first.

        Raises `UsageError` for an unknown provider, one whose package is not installed, and for an address that its
        class does not take.
        """
        connection = {"api_key": api_key, "base_url": base_url}
        given = {name: value for name, value in connection.items() if value is not None}
        names = _names(_init(provider, model, given))
        if base_url is not None and "base_url" not in names:
            raise UsageError(f"langchain:{provider} takes no address; leave out --base-url")
        fixed = {
            **given,
            "max_retries": 0,
            "timeout": timeout,
            "cache": False,
            **_own_http_client(provider, names),
        }
        return cls(provider, model, {name: value for name, value in fixed.items() if name in names}, names)

    def checked(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options, without a default that the class does not take. Raises `UsageError` for others it does not."""
        taken = {name: value for name, value in options.items() if self._is_taken(name, value)}
        self.make({name: value for name, value in taken.items() if name != SYSTEM_ROLE})
        return taken

    def make(self, options: Mapping[str, Any]) -> BaseChatModel:
        """A chat model that sends these options. Raises `UsageError` for a value that its class refuses."""
        fields = {name: value for name, value in options.items() if name in self.names}
        body = {name: value for name, value in options.items() if name not in self.names}
        if body and "extra_body" in self.names:
            fields["extra_body"] = body
        elif body:
            fields["model_kwargs"] = {"extra_body": body}
        chat = _init(self.provider, self.model, {**self.arguments, **fields})
        _own_connections(chat)
        return chat

    def _is_taken(self, name: str, value: object) -> bool:
        if name in _SET_BY_AFL:
            raise UsageError(f"--llm-option: {name!r} is set by AFL itself")
        if name == SYSTEM_ROLE:
            if value != "merge":
                raise UsageError(f"langchain:{self.provider} takes no --system-role {value}: system or merge")
            return True
        if name in self.names:
            return True
        if name not in _NAMED and ("extra_body" in self.names or self.provider in _BODY_IN_MODEL_KWARGS):
            return True
        if value == getattr(DEFAULT_SAMPLING, name, None):
            return False
        known = ", ".join(option for option in _NAMED if option in self.names)
        raise UsageError(f"langchain:{self.provider} takes no {name}; it takes: {known or 'no sampling options'}")


def _init(provider: str, model: str, arguments: Mapping[str, Any]) -> BaseChatModel:
    try:
        chat: BaseChatModel = init_chat_model(model, model_provider=provider, **arguments)
    except ImportError as error:
        raise _missing_package(provider, error) from None
    except ValidationError as error:
        # Without the values, which may hold keys.
        problems = (f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())
        raise UsageError(f"langchain:{provider}: {_line('; '.join(problems))}") from None
    except ValueError as error:
        known = re.search(r"Supported model providers are: (.+)", str(error))
        if known is None:
            raise UsageError(f"langchain:{provider}: {_line(str(error))}") from None
        raise UsageError(f"LangChain knows no provider {provider!r}; it knows: {known[1]}") from None
    return chat


def _missing_package(provider: str, error: ImportError) -> UsageError:
    package = re.search(r"pip install ([\w-]+)", str(error))
    name = package[1] if package else f"langchain-{provider.replace('_', '-')}"
    return missing_library(f"--llm langchain:{provider}", name, name)


def _line(text: str) -> str:
    return " ".join(text.split())


def _names(chat: BaseChatModel) -> frozenset[str]:
    """Every name that the class of a chat model takes an argument under."""
    fields = type(chat).model_fields
    return frozenset({*fields, *(alias for field in fields.values() for alias in _aliases(field))})


def _aliases(field: FieldInfo) -> Iterable[str]:
    for alias in (field.alias, field.validation_alias):
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        yield from (choice for choice in choices if isinstance(choice, str))


def address(chat: BaseChatModel) -> str:
    """The address that a chat model sends to, where its class says so."""
    for name, field in type(chat).model_fields.items():
        if "base_url" in (name, *_aliases(field)):
            return str(getattr(chat, name) or "")
    return ""


def secrets(chat: BaseChatModel) -> list[str]:
    """The keys that a chat model holds."""
    values = (getattr(chat, name) for name in type(chat).model_fields)
    return [value.get_secret_value() for value in values if isinstance(value, SecretStr)]


def _own_http_client(provider: str, names: frozenset[str]) -> dict[str, Any]:
    """LangChain's packages share connections among all chats of a process, even across event loops."""
    if "http_async_client" not in names or provider not in ("openai", "azure_openai", "deepseek", "xai"):
        return {}
    from openai import DefaultAsyncHttpxClient

    return {"http_async_client": DefaultAsyncHttpxClient()}


def _own_connections(chat: BaseChatModel) -> None:
    """The same for Anthropic's package, which takes no client."""
    if type(chat).__name__ != "ChatAnthropic":
        return
    from anthropic import DefaultAsyncHttpxClient

    http_client = DefaultAsyncHttpxClient(proxy=getattr(chat, "anthropic_proxy", None))
    shared = getattr(chat, "_async_client")  # noqa: B009
    chat.__dict__["_async_client"] = shared.copy(http_client=http_client)  # a cached property


async def close_connections(chat: BaseChatModel) -> None:
    """Closes the asynchronous clients that a chat model keeps."""
    kept = [*vars(chat).values(), *(chat.__pydantic_private__ or {}).values()]
    for client in {id(value): value for value in kept}.values():
        close = getattr(client, "aclose", None) or getattr(client, "close", None)
        if inspect.iscoroutinefunction(close):
            await close()
