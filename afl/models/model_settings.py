"""Settings that were typed behind a model's name: `NAME:dim=128,epochs=20` is trained with these instead of its own."""

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
    """What will be trained, and how."""

    model: type[NextItemModel]
    training: TrainingConfig
    argument: str | None
    """What followed the model's name where that was no settings."""


def configured(model: type[NextItemModel], training: TrainingConfig, argument: str | None) -> ConfiguredModel:
    """The model and its training with the settings that the argument names.

    Raises `UsageError` for a setting that neither has, or a value that is none.
    """
    if argument is None or not _SETTINGS.fullmatch(argument):
        return ConfiguredModel(model, training, argument)
    own = _numbers(model.Config)
    shared = _numbers(TrainingConfig) if issubclass(model, SequentialModel) else {}
    values = {
        name: _value(name, text, own | shared)
        for name, _, text in (pair.partition("=") for pair in argument.split(","))
    }
    changed = {name: value for name, value in values.items() if name in own}
    learning: dict[str, Any] = {name: value for name, value in values.items() if name not in own}
    return ConfiguredModel(with_defaults(model, changed), replace(training, **learning), None)


def with_defaults(model: type[NextItemModel], changed: Mapping[str, Any]) -> type[NextItemModel]:
    """The same model with these defaults in its configuration."""
    if not changed:
        return model
    own = [(name, type(value), field(default=value)) for name, value in changed.items()]
    config = make_dataclass(model.Config.__name__, own, bases=(model.Config,), frozen=True, kw_only=True)
    return type(model.__name__, (model,), {"Config": config})


def _numbers(config: type[Any]) -> dict[str, type[Any]]:
    """The settings that are numbers and have a default."""
    return {one.name: one.default.__class__ for one in fields(config) if type(one.default) in (int, float)}


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
