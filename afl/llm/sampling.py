"""The options of a language model that change its replies: what a run asks for, whatever its endpoint takes.

    temperature, top_p, max_tokens, reasoning_effort, seed, extra_body      fields of the request's body
    system_role                                                             how the system text travels
    structured                                                              whether replies are JSON under a schema

What of it is not at its default is part of a run's identity and of every request's fingerprint.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from afl.errors import UsageError

SystemRole = Literal["system", "developer", "merge"]
Structured = Literal["off", "json-schema"]
STRUCTURED = "structured"
DEFAULT_MAX_TOKENS = 512
"""Tokens of a structured reply, and of a model that AFL serves itself: small models may not end by themselves."""
NO_TEMPERATURE = "none"
"""`--temperature none`: requests carry no temperature."""

_RESERVED = {
    "model": "the model is named by --llm",
    "messages": "prompts are the messages",
    "prompt": "prompts are the messages",
    "stream": "replies are read whole",
    "stream_options": "replies are read whole",
    "n": "a request has one reply",
    "temperature": "use --temperature",
    "top_p": "use --top-p",
    "max_tokens": "use --max-tokens",
    "max_completion_tokens": "use --max-tokens",
    "reasoning_effort": "use --reasoning-effort",
    "seed": "use --llm-seed",
    "system_role": "use --system-role",
    "structured": "use --structured",
    "response_format": "use --structured json-schema",
    "extra_body": "give its fields one by one",
}
"""Fields of a request that AFL sets itself, and why nobody else does."""


class FrozenJson(Mapping[str, Any]):
    """A JSON object that cannot be changed: equal objects are equal, whatever the order of their keys."""

    __slots__ = ("_text",)

    def __init__(self, values: Mapping[str, Any] | None = None) -> None:
        """Raises `ValueError` and `TypeError` for what is not JSON."""
        self._text = json.dumps(dict(values or {}), sort_keys=True, allow_nan=False)

    def __getitem__(self, key: str) -> Any:
        return json.loads(self._text)[key]

    def __iter__(self) -> Iterator[str]:
        return iter(json.loads(self._text))

    def __len__(self) -> int:
        return len(json.loads(self._text))

    def __hash__(self) -> int:
        return hash(self._text)

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, FrozenJson) else NotImplemented

    def __repr__(self) -> str:
        return f"FrozenJson({self._text})"

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenJson, (json.loads(self._text),)


NO_FIELDS = FrozenJson()


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """The options of a language model; each changes replies and is part of a run's identity."""

    temperature: float | None = 0.0
    """None: the parameter is not sent."""
    top_p: float | None = None
    max_tokens: int | None = None
    """Longest reply, as an option of the model; the limit of a budget is not part of it."""
    reasoning_effort: str | None = None
    seed: int | None = None
    system_role: SystemRole = "system"
    """`merge`: the system text is put in front of the first user message."""
    extra_body: FrozenJson = NO_FIELDS
    """Further fields of the request's body."""
    structured: Structured = "off"
    """`json-schema`: agents ask for JSON objects, and each request carries the schema of its answer."""

    @property
    def default_max_tokens(self) -> int | None:
        """The longest reply where neither an option nor a budget limits it."""
        return None if self.structured == "off" else DEFAULT_MAX_TOKENS

    def body(self) -> dict[str, Any]:
        """The fields of a request that these options make, by their names in the chat completions API."""
        named = {name: getattr(self, name) for name in _BODY_FIELDS}
        return {name: value for name, value in named.items() if value is not None} | dict(self.extra_body)

    def parameters(self) -> dict[str, Any]:
        """What a chat model is made with: the fields of the body, and how the system text travels."""
        role = {} if self.system_role == "system" else {"system_role": self.system_role}
        return {**self.body(), **role}

    def with_structured(self, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        """The parameters of a model as they enter identity and fingerprints."""
        return parameters if self.structured == "off" else {**parameters, STRUCTURED: self.structured}

    def changed(self) -> str:
        """The options that are not at their default, as they are typed; for messages."""
        names = [option.name for option in fields(self) if getattr(self, option.name) != option.default]
        return ", ".join(f"--{_FLAGS.get(name, name.replace('_', '-'))} {self._typed(name)}" for name in names)

    def _typed(self, name: str) -> str:
        value = getattr(self, name)
        if isinstance(value, FrozenJson):
            return " ".join(f"{key}={json.dumps(field)}" for key, field in value.items())
        return NO_TEMPERATURE if value is None else str(value)


def is_structured(parameters: Mapping[str, Any]) -> bool:
    """Whether a model with these parameters is asked for JSON objects under a schema."""
    return bool(parameters.get(STRUCTURED, "off") != "off")


_BODY_FIELDS = ("temperature", "top_p", "max_tokens", "reasoning_effort", "seed")
_FLAGS = {"seed": "llm-seed", "extra_body": "llm-option"}
DEFAULT_SAMPLING = SamplingOptions()


@dataclass(frozen=True, slots=True)
class SamplingParser:
    """Reads the options of a model as they are stated; messages name each as the command line does."""

    prefix: str = "--"

    @classmethod
    def parse(cls, stated: Mapping[str, Any], *, prefix: str = "--") -> SamplingOptions:
        """The options of this mapping: `temperature`, `top_p`, `max_tokens`, `reasoning_effort`, `llm_seed`,
        `system_role`, `llm_options`, `structured`; None is the default. Raises `UsageError` for a value that cannot be.
        """
        parser = cls(prefix)
        values = {name: value for name, value in stated.items() if value is not None}
        return SamplingOptions(
            temperature=parser.temperature(values.get("temperature", DEFAULT_SAMPLING.temperature)),
            top_p=parser.share("top-p", values.get("top_p")),
            max_tokens=parser.at_least("max-tokens", values.get("max_tokens"), 1),
            reasoning_effort=parser.word("reasoning-effort", values.get("reasoning_effort")),
            seed=parser.at_least("llm-seed", values.get("llm_seed"), None),
            system_role=parser.role(values.get("system_role", DEFAULT_SAMPLING.system_role)),
            extra_body=parser.fields(values.get("llm_options", ())),
            structured=parser.structured(values.get(STRUCTURED, DEFAULT_SAMPLING.structured)),
        )

    def temperature(self, value: object) -> float | None:
        """None where none is to be sent."""
        if isinstance(value, str) and value.strip().lower() == NO_TEMPERATURE:
            return None
        number = _number(value)
        if number is None or number < 0:
            raise self._error("temperature", value, "a number from 0 upwards, or none")
        return number

    def share(self, name: str, value: object) -> float | None:
        if value is None:
            return None
        number = _number(value)
        if number is None or not 0 <= number <= 1:
            raise self._error(name, value, "a number from 0 to 1")
        return number

    def at_least(self, name: str, value: object, least: int | None) -> int | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or (least is not None and value < least):
            raise self._error(name, value, "a whole number" if least is None else f"at least {least}")
        return value

    def word(self, name: str, value: object) -> str | None:
        if value is None:
            return None
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            raise self._error(name, value, "a word of the endpoint, for example low, medium or high")
        return text

    def role(self, value: Any) -> SystemRole:
        if value not in get_args(SystemRole):
            raise self._error("system-role", value, f"one of: {', '.join(get_args(SystemRole))}")
        role: SystemRole = value
        return role

    def structured(self, value: Any) -> Structured:
        if value not in get_args(Structured):
            raise self._error(STRUCTURED, value, f"one of: {', '.join(get_args(Structured))}")
        structured: Structured = value
        return structured

    def fields(self, stated: Mapping[str, Any] | Sequence[str]) -> FrozenJson:
        """Fields of the body: a mapping, or `KEY=JSON` each."""
        pairs = list(stated.items()) if isinstance(stated, Mapping) else [self._pair(text) for text in stated]
        values: dict[str, Any] = {}
        for key, value in pairs:
            if key in _RESERVED:
                raise UsageError(f"{self.prefix}llm-option: {key!r} is set by AFL itself: {_RESERVED[key]}")
            if key in values:
                raise UsageError(f"{self.prefix}llm-option: got {key!r} twice, expected each field once")
            values[key] = value
        try:
            return FrozenJson(values)
        except (TypeError, ValueError) as error:
            raise UsageError(f"{self.prefix}llm-option: {error}; expected values of JSON") from None

    def _pair(self, text: str) -> tuple[str, Any]:
        key, equals, value = str(text).partition("=")
        if not (key := key.strip()) or not equals:
            raise self._error("llm-option", text, "KEY=JSON, for example top_k=40")
        try:
            return key, json.loads(value)
        except (ValueError, RecursionError):
            hint = f"; a word needs quotes: '{key}=\"{value}\"'" if value.strip().isidentifier() else ""
            raise self._error("llm-option", text, f"JSON after the =, for example top_k=40{hint}") from None

    def _error(self, name: str, value: object, expected: str) -> UsageError:
        return UsageError(f"{self.prefix}{name}: got {value!r}, expected {expected}")


def _number(value: object) -> float | None:
    """A finite number, also as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
