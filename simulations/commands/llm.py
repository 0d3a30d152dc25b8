"""`afl llm`: the language models that are configured, and what an endpoint takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.option import MODELS, Argument, Option
from simulations.execution.asynchrony import outside_event_loop
from simulations.options.groups import API_KEY_ENV, BASE_URL, CONFIG

if TYPE_CHECKING:
    from afl.llm.endpoint_probe import ProbeResult
    from afl.llm.price import Price
    from afl.llm.profiles import Profile
    from afl.settings import Settings


@dataclass(frozen=True, slots=True)
class ConfiguredModel:
    """A name that `--llm` takes."""

    name: str
    kind: str
    """`profile`, `local model` or `plug-in`."""
    model: str | None
    """What a profile stands for."""
    endpoint: str | None
    """HOST:PORT; None for the plug-in's own."""
    key: str | None
    """The variable that has the key; None where none is known to be needed."""
    key_found: bool | None
    options: Mapping[str, Any]
    """Those of the profile."""
    price: tuple[float, float] | None
    """US dollars per million tokens of prompts and replies; None where not known."""
    price_source: str | None = None
    """Where the price is from: `profile`, a file, or a list with its version."""


@dataclass(frozen=True, slots=True)
class ConfiguredModels:
    """All of them, and the file that has the profiles."""

    config: str | None
    models: tuple[ConfiguredModel, ...]

    def to_json(self) -> dict[str, Any]:
        """The object of `llm list --json`."""
        rows = [asdict(model) for model in self.models]
        return {"config": self.config, "models": [_without_unknown_source(row) for row in rows]}


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """What a language model answered, and what its endpoint takes."""

    name: str
    """As it was asked for: a profile, or `NAME[:ARG]`."""
    model: str
    """As it is part of a run's identity."""
    endpoint: str
    parameters: Mapping[str, Any]
    """What of the options is part of a run's identity."""
    probe: "ProbeResult"
    warning: str | None
    """What is odd about the endpoint's list of models."""
    price: tuple[float, float] | None = None
    """US dollars per million tokens of prompts and replies; None where not known."""
    price_source: str | None = None
    """Where the price is from: `profile`, a file, or a list with its version."""

    def to_json(self) -> dict[str, Any]:
        """The object of `llm check --json`."""
        facts = {"name": self.name, "model": self.model, "endpoint": self.endpoint}
        price = {} if self.price is None else {"price": self.price, "price_source": self.price_source}
        return {
            **facts,
            "parameters": dict(self.parameters),
            **asdict(self.probe),
            "warning": self.warning,
            **_without_unknown_source(price),
        }


def _without_unknown_source(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != "price_source" or value}


def llm_list(
    *, config: Annotated[str | Path | None, CONFIG] = None, settings: "Settings | None" = None
) -> ConfiguredModels:
    """List names that `--llm` takes: profiles of `afl.toml`, local models, plug-ins, and whether their key is there.

    No key is shown and nothing is sent. Raises `NotFoundError` where `config` does not exist, `UsageError` for a file
    that cannot be used.
    """
    from afl.llm.gguf.model_file import model_names
    from afl.llm.language_model import GROUP
    from afl.llm.profiles import Profiles
    from afl.plugins import plugin_names
    from afl.settings import Settings

    settings = settings or Settings()
    profiles: Profiles = Profiles.load(config, settings)
    rows = [_of_profile(name, profile, settings) for name, profile in profiles.by_name.items()]
    rows += [_of_local_model(name) for name in model_names(settings.llms_dir)]
    rows += [_of_plugin(name, settings) for name in plugin_names(GROUP)]
    return ConfiguredModels(None if profiles.path is None else str(profiles.path), tuple(rows))


@outside_event_loop
def llm_check(
    name: Annotated[str, Argument("Profile, openai:MODEL, gguf:NAME, or a plug-in's", "NAME")],
    *,
    base_url: Annotated[str | None, BASE_URL] = None,
    api_key_env: Annotated[str | None, API_KEY_ENV] = None,
    config: Annotated[str | Path | None, CONFIG] = None,
    timeout: Annotated[float, Option("Seconds per call", MODELS, metavar="SECONDS")] = 60,
    settings: "Settings | None" = None,
) -> ModelCheck:
    """Ask a language model a short question or three: does it answer, how fast, and what does its endpoint take?

    Which model answered, the seconds it took, and whether temperature, system role and JSON schemas are taken. Costs a
    few hundred tokens at most; nothing is stored. Raises `EndpointError` where the model cannot be used, `UsageError`
    and `NotFoundError` for what was asked.
    """
    from afl.errors import UsageError
    from afl.llm.language_model import is_stand_in, load_model
    from afl.settings import Settings
    from simulations.execution.asynchrony import event_loop
    from simulations.execution.language_models import model_specs
    from simulations.options.groups import SAMPLING_OPTIONS, EndpointOptions, LanguageModelOptions
    from simulations.options.profile_options import resolve_profiles

    settings = settings or Settings()
    stated = {"llm": name, "base_url": base_url, "api_key_env": api_key_env, "config": config}
    resolved = resolve_profiles(
        {key: value for key, value in stated.items() if value is not None} | {"settings": settings}
    )
    if is_stand_in(resolved["llm"]):
        raise UsageError(f"{name}: the built-in stand-in has no endpoint to check")
    options = LanguageModelOptions(
        **{key: value for key, value in resolved.items() if key in ("llm", *SAMPLING_OPTIONS)}
    )
    endpoint = EndpointOptions(
        **{key: value for key, value in resolved.items() if key in ("base_url", "api_key_env", "price")}
    )
    spec = model_specs(options, endpoint, settings).recommendation
    with event_loop() as wait:
        model = load_model(spec, dataset=_any_dataset(), settings=settings, timeout=timeout)
        try:
            warning, result = wait(_check(model, timeout))
        finally:
            wait(model.close())
    price, source = _price_and_source(model.price)
    parameters = dict(model.parameters)
    return ModelCheck(name, model.name, model.endpoint, parameters, result, warning, price, source)


async def _check(model: Any, seconds: float) -> "tuple[str | None, ProbeResult]":
    from afl.llm.endpoint_probe import probe

    return await model.check(), await probe(model, seconds=seconds)


def _any_dataset() -> Any:
    """A small data set, for plug-ins that learn from one."""
    from afl.data.importers import ImportOptions
    from afl.data.importers.demo import import_demo

    return import_demo(None, ImportOptions(name="demo", domain=None), users=10)


def _price_and_source(price: "Price | None") -> tuple[tuple[float, float] | None, str | None]:
    return (None, None) if price is None else ((price.prompt, price.completion), price.source)


def _of_profile(name: str, profile: "Profile", settings: "Settings") -> ConfiguredModel:
    from afl.llm.language_model import LanguageModelSpec
    from afl.llm.price import Price
    from afl.llm.redaction import host_and_port
    from afl.llm.spec_price import spec_price
    from afl.plugins import parse_spec

    row = _of_plugin(parse_spec(profile.model).name, settings)
    if profile.api_key_env is not None:
        row = replace(row, key=profile.api_key_env, key_found=settings.api_key(profile.api_key_env) is not None)
    endpoint = None if profile.base_url is None else host_and_port(profile.base_url)
    stated = None if profile.price is None else Price(*profile.price, source="profile")
    spec = LanguageModelSpec(profile.model, profile.sampling, base_url=profile.base_url, price=stated)
    price, source = _price_and_source(spec_price(spec, settings))
    return replace(
        row,
        name=name,
        kind="profile",
        model=profile.model,
        endpoint=endpoint,
        options=dict(profile.options),
        price=price,
        price_source=source,
    )


def _of_local_model(name: str) -> ConfiguredModel:
    return ConfiguredModel(f"gguf:{name}", "local model", None, None, None, None, {}, None)


def _of_plugin(name: str, settings: "Settings") -> ConfiguredModel:
    from afl.llm.language_model import DEFAULT_SOURCE

    key = DEFAULT_SOURCE.key if name == "openai" else None
    found = None if key is None else settings.api_key(key) is not None
    return ConfiguredModel(name, "plug-in", None, None, key, found, {}, None)
