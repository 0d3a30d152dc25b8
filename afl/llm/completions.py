"""Chat completions as endpoints really send them: any field may be missing or wrong.

A number that cannot be is unknown, a role is ignored, a shape that cannot be a chat completion is a bad body, which
is asked for again.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from afl.llm.error_body import ErrorBody
from afl.llm.failures import InvalidResponseError
from afl.llm.price import CacheTokens

MAX_TOKENS = 10**9
"""No request has more; a larger count is none."""
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
_THINKING_PARTS = frozenset({"thinking", "reasoning", "reasoning_content", "thought"})


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Tokens of a request and its reply, as far as the endpoint says."""

    prompt: int
    completion: int
    """What the model thought included."""
    reasoning: int | None = None
    """Of the completion, what a reasoning model thought; None where that is not said."""
    cache: CacheTokens | None = None
    """Of the prompt, what the provider's cache had or got; None where that is not said."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The first choice of a chat completion."""

    text: str
    reasoning: str = ""
    """What the model thought, where the endpoint keeps that apart from the text."""
    refusal: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    """The model that the endpoint says answered."""
    tokens: TokenCounts | None = None
    """None where the counts are missing or cannot be right."""


def parse_completion(body: bytes) -> Completion:
    """The completion in the body of a 200. Raises `InvalidResponseError` where there is none."""
    try:
        completion = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidResponseError(_not_a_completion(body)) from error
    choice = _first_choice(completion)
    if choice is None:
        if isinstance(completion, Mapping) and completion.get("error"):
            raise _error_in_a_200(completion)
        raise InvalidResponseError(_not_a_completion(body))
    if choice.get("error") or completion.get("error"):
        raise _error_in_a_200(choice if choice.get("error") else completion)
    message = choice["message"]
    content, thoughts = message.get("content"), _field_reasoning(message)
    if isinstance(content, list):
        thoughts = "\n".join(filter(None, [thoughts, "".join(_parts(content, thinking=True))]))
        content = "".join(_parts(content, thinking=False))
    if content is not None and not isinstance(content, str):
        raise InvalidResponseError(f"expected the text of a reply, got {str(content)[:80]!r}")
    return Completion(
        text=content or "",
        reasoning=thoughts,
        refusal=_string(message.get("refusal")),
        finish_reason=_string(choice.get("finish_reason")),
        model=_string(completion.get("model")),
        tokens=token_counts(completion.get("usage")),
    )


def token_counts(usage: object) -> TokenCounts | None:
    """The counts, where both are whole numbers that can be."""
    if not isinstance(usage, Mapping):
        return None
    prompt, completion = (_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    if prompt is None or completion is None:
        return None
    reasoning = _count(
        _details(usage, "completion_tokens_details").get("reasoning_tokens", usage.get("reasoning_tokens"))
    )
    if reasoning and _count(usage.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning  # xAI counts and charges it beside the completion
    return TokenCounts(prompt, completion, reasoning, _cache_tokens(usage, prompt))


def _cache_tokens(usage: Mapping[str, Any], prompt: int) -> CacheTokens | None:
    """What a cache had or got of the prompt, under the names of OpenAI, DeepSeek and Moonshot; None where unsaid."""
    details = _details(usage, "prompt_tokens_details")
    stated = (details.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens"))
    read = next((count for count in map(_count, stated) if count is not None), None)
    written = _count(details.get("cache_write_tokens"))
    if read is None and written is None:
        return None
    tokens = CacheTokens(read or 0, written or 0)
    return tokens if sum(tokens) <= prompt else None


def _details(usage: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    details = usage.get(name)
    return details if isinstance(details, Mapping) else {}


def _count(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_TOKENS:
        return None
    return int(value) if value == int(value) else None


def _first_choice(completion: object) -> Mapping[str, Any] | None:
    """The first choice, where it has a message."""
    choices = completion.get("choices") if isinstance(completion, Mapping) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, Mapping):
        return None
    return choice if isinstance(choice.get("message"), Mapping) else None


def _field_reasoning(message: Mapping[str, Any]) -> str:
    texts = (_string(message.get(key)) for key in _REASONING_KEYS)
    return next(filter(None, texts), "")


def _parts(content: list[Any], *, thinking: bool) -> Iterator[str]:
    """The texts of a content in parts, of thinking or of the answer."""
    for part in content:
        if isinstance(part, str):
            part = {"type": "text", "text": part}
        if not isinstance(part, Mapping) or (str(part.get("type")) in _THINKING_PARTS) != thinking:
            continue
        value = next((part[key] for key in ("text", "thinking", "reasoning", "content") if part.get(key)), None)
        if isinstance(value, list):
            yield from _parts(value, thinking=False)
        elif isinstance(value, str):
            yield value


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _not_a_completion(body: bytes) -> str:
    start = body[:60].decode("utf-8", "replace")
    return f"expected a chat completion, got a body of {len(body)} bytes: {start!r}"


def _error_in_a_200(body: Mapping[str, Any]) -> InvalidResponseError:
    error = ErrorBody.read(body["error"])
    return InvalidResponseError(f"expected a chat completion, got an error: {error.quote()}", error)
