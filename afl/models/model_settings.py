"""Settings after a model's name: `NAME:dim=128,epochs=20` overrides the defaults of the model and its training."""

import re
from collections.abc import Mapping
from dataclasses import field, fields, make_dataclass, replace
from math import inf
from typing import Any, NamedTuple

from afl.errors import UsageError
from afl.models.base import NextItemModel, SequentialModel
from afl.models.trainer import TrainingConfig

_SETTINGS = re.compile(r"[a-z_]+=[^,=]*(,[a-z_]+=[^,=]*)*")


_EXPECTED = {int: "a whole number from 1", float: "a number from 0"}
_BELOW = {"dropout": 1.0}


class ConfiguredModel(NamedTuple):
    """A model with its settings, and the configuration of its training."""

    model: type[NextItemModel]
    training: TrainingConfig
    argument: str | None
    """The argument after the model's name, unless it holds settings."""


def configured(model: type[NextItemModel], training: TrainingConfig, argument: str | None) -> ConfiguredModel:
    """The model and its training with the settings given in the argument.

    Raises `UsageError` for an unknown setting or an invalid value.
    """
    if argument is None or not _SETTINGS.fullmatch(argument):
        return ConfiguredModel(model, training, argument)
    of_model = numeric_settings(model.Config)
    of_training = numeric_settings(TrainingConfig) if issubclass(model, SequentialModel) else {}
    values = {
        name: _value(name, text, of_model | of_training)
        for name, _, text in (pair.partition("=") for pair in argument.split(","))
    }
    changed = {name: value for name, value in values.items() if name in of_model}
    training_changes: dict[str, Any] = {name: value for name, value in values.items() if name not in of_model}
    return ConfiguredModel(with_defaults(model, changed), replace(training, **training_changes), None)


def with_defaults(model: type[NextItemModel], changed: Mapping[str, Any]) -> type[NextItemModel]:
    """The same model with these defaults in its configuration."""
    if not changed:
        return model
    overrides = [(name, type(value), field(default=value)) for name, value in changed.items()]
    config = make_dataclass(model.Config.__name__, overrides, bases=(model.Config,), frozen=True, kw_only=True)
    return type(model.__name__, (model,), {"Config": config})


def numeric_settings(config: type[Any]) -> dict[str, type[Any]]:
    """The types of the numeric settings that have a default."""
    defaults = {setting.name: setting.default for setting in fields(config)}
    return {name: type(value) for name, value in defaults.items() if type(value) in (int, float)}


def _value(name: str, text: str, numbers: Mapping[str, type[Any]]) -> int | float:
    if name not in numbers:
        raise UsageError(f"got the setting {name!r}, expected one of: {', '.join(sorted(numbers)) or 'none'}")
    try:
        if numbers[name] is int and int(text) >= 1:
            return int(text)
        if numbers[name] is float and 0 <= float(text) < _BELOW.get(name, inf):
            return float(text)
    except ValueError:
        pass
    below = f" and below {_BELOW[name]:g}" if name in _BELOW else ""
    raise UsageError(f"got {name}={text}, expected {_EXPECTED[numbers[name]]}{below}")
