"""Profiles of language models: the tables `[llm.NAME]` of `afl.toml`.

    [llm.local]
    model = "openai:qwen3"
    base_url = "http://localhost:8000/v1"
    api_key_env = "VLLM_KEY"
    temperature = 0.7
    extra_body = {top_k = 40}
    price_prompt = 0.2
    price_completion = 0.6

A profile stands for its options; its name, address, key and prices are no part of a run's identity.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError, model_validator

from afl.errors import AFLError, NotFoundError, UsageError, name_hint, nearest
from afl.llm.language_model import GROUP, unknown_model
from afl.llm.sampling import STRUCTURED, SamplingOptions, SamplingParser
from afl.plugins import parse_spec, plugin_names
from afl.settings import Settings

FILE = "afl.toml"


class Profile(BaseModel):
    """A language model with its options, its endpoint and its prices; what is missing has its default."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: StrictStr
    """`NAME[:ARG]`, as `--llm` takes it."""
    base_url: StrictStr | None = None
    api_key_env: StrictStr | None = None
    temperature: float | StrictStr | None = None
    top_p: float | None = None
    max_tokens: StrictInt | None = None
    reasoning_effort: StrictStr | None = None
    llm_seed: StrictInt | None = None
    system_role: StrictStr | None = None
    structured: StrictStr | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    price_prompt: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """US dollars per million tokens."""
    price_completion: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _has_both_prices(self) -> Self:
        if (self.price_prompt is None) != (self.price_completion is None):
            raise ValueError("expected price_prompt and price_completion together")
        return self

    @property
    def options(self) -> dict[str, Any]:
        """The options of the model that the profile states, by their names in `SAMPLING_OPTIONS`."""
        names = ("temperature", "top_p", "max_tokens", "reasoning_effort", "llm_seed", "system_role", STRUCTURED)
        stated = {name: getattr(self, name) for name in names} | {"llm_options": self.extra_body or None}
        return {name: value for name, value in stated.items() if value is not None}

    @property
    def sampling(self) -> SamplingOptions:
        """The options of the model. Raises `UsageError` for a value that cannot be."""
        return SamplingParser.parse(self.options, prefix="")

    @property
    def price(self) -> tuple[float, float] | None:
        if self.price_prompt is None or self.price_completion is None:
            return None
        return self.price_prompt, self.price_completion


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    llm: dict[str, Profile] = Field(default_factory=dict)


@dataclass(frozen=True)
class Profiles:
    """The profiles of a file; none where there is no file."""

    path: Path | None = None
    by_name: Mapping[str, Profile] = field(default_factory=dict)

    @classmethod
    def load(cls, config: str | Path | None, settings: Settings) -> Self:
        """The profiles of `config`; else of `afl.toml` in the working folder, else of the one in AFL_HOME.

        Raises `NotFoundError` where `config` does not exist, `UsageError` for a file that cannot be used.
        """
        if config is not None:
            path = Path(config).expanduser()
            if not path.is_file():
                raise NotFoundError(f"--config: {path} does not exist")
            return cls(path, _read(path))
        found = next((path for path in (Path(FILE), settings.home / FILE) if path.is_file()), None)
        return cls() if found is None else cls(found, _read(found))

    def get(self, name: str) -> Profile | None:
        """The profile of this name; None for the name of a plug-in. Raises `NotFoundError` where it is neither."""
        if is_plugin(name):
            return None
        if name not in self.by_name:
            raise unknown_model(name, self.by_name)
        return self.by_name[name]


def is_plugin(name: str) -> bool:
    """Whether `NAME[:ARG]` asks a plug-in, and so no profile."""
    return name.partition(":")[0] in plugin_names(GROUP)


def _read(path: Path) -> dict[str, Profile]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise UsageError(f"{path}: {reason}") from None
    try:
        profiles = _File.model_validate(content).llm
    except ValidationError as error:
        raise UsageError(f"{path}: {_first_mistake(error)}") from None
    for name, profile in profiles.items():
        try:
            _check(name, profile)
        except AFLError as error:
            raise UsageError(f"{path}: [llm.{name}] {error}") from None
    return profiles


def _check(name: str, profile: Profile) -> None:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", name):
        raise UsageError("expected a name of letters, digits, dots, dashes and underscores")
    if name in plugin_names(GROUP):
        raise UsageError(f"is the name of a plug-in: --llm {name} would be that")
    parse_spec(profile.model)
    if not is_plugin(profile.model):
        raise UsageError(f"model: {unknown_model(profile.model)}")
    _ = profile.sampling
    try:
        _ = urlsplit(profile.base_url or "").port
    except ValueError:
        raise UsageError("base_url: expected something like http://localhost:8000/v1") from None


def _first_mistake(error: ValidationError) -> str:
    """What is wrong first, in one line, without the value: a key may stand in the wrong place."""
    mistake = error.errors(include_input=False, include_url=False)[0]
    where = [str(part) for part in mistake["loc"]]
    table = f"[{'.'.join(where[:2])}]"
    if mistake["type"] == "extra_forbidden":
        if len(where) == 1:
            return f"there is no table {where[0]!r}; {name_hint(where[0], _File.model_fields)}"
        return f"{table} has no key {where[2]!r}; {_nearest_key(where[2])}"
    key = f" {where[2]}:" if len(where) > 2 else ""
    if mistake["type"] == "missing":
        return f"{table}{key} expected the language model, such as openai:gpt-4o-mini"
    return f"{table}{key} {mistake['msg'].removeprefix('Value error, ')}"


def _nearest_key(key: str) -> str:
    suggestions = nearest(key, Profile.model_fields)
    return f"did you mean {suggestions[0]!r}?" if suggestions else f"available: {', '.join(Profile.model_fields)}"
