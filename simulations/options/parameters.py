"""The parameters of a public function, or of a class of options, as command line and docs have them."""

import types
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import cache
from inspect import Parameter, get_annotations, signature
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from afl.option import GROUPS, Argument, Option, option_in, plugin_options, plugins_in

_METAVARS = {int: "N", float: "X", str: "TEXT", Path: "PATH"}


@dataclass(frozen=True)
class CommandParameter:
    """A parameter of a public function as the command line has it."""

    name: str
    """As the function calls it."""
    about: Option | Argument
    type: type
    """str, int, float, bool or Path: of each value, where several may be given."""
    choices: tuple[str, ...]
    """The values there are; empty for any."""
    is_repeatable: bool
    is_required: bool
    """The help of a required option says so by itself."""
    default: Any
    takes_words: bool = False
    """Whether a number may also be a word, which its help names."""

    @property
    def flags(self) -> tuple[str, ...]:
        """`--user` and `--no-user`; nothing for an argument."""
        if isinstance(self.about, Argument):
            return ()
        flag = self.about.flag or f"--{self.name.replace('_', '-')}"
        return (flag, self.about.off) if self.about.off else (flag,)

    @property
    def metavar(self) -> str:
        """What stands for the value in help; nothing for a switch."""
        return "" if self.type is bool else self.about.metavar or _METAVARS[self.type]

    @property
    def default_text(self) -> str:
        """The default for people; empty where there is none worth a word."""
        if isinstance(self.about, Argument):
            return ""
        if self.about.default is not None:
            return self.about.default
        if self.default in (None, "", ()) or self.default is False or self.default is Parameter.empty:
            return ""
        if self.default is True:
            return self.flags[0].removeprefix("--")
        return ", ".join(map(str, self.default)) if isinstance(self.default, tuple) else str(self.default)

    @property
    def help(self) -> str:
        """One line: what it is, the values there are, the default."""
        choices = f": {', '.join(self.choices)}" if self.choices else ""
        notes = [*(["repeatable"] if self.is_repeatable and self.flags else [])]
        notes += [f"default: {self.default_text}"] if self.default_text else []
        return f"{self.about.help}{choices}" + (f" ({'; '.join(notes)})" if notes else "")


def command_parameters(command: Callable[..., Any]) -> tuple[CommandParameter, ...]:
    """The arguments of a public function, or of an options class, then the options in the order of their groups."""
    parameters: Iterable[Parameter] = signature(command).parameters.values()
    if isinstance(command, type):
        parameters = options_signature(command)
    stated = [
        _parameter(parameter, about)
        for parameter in _with_plugin_options(parameters)
        if (about := option_in(parameter.annotation)) is not None
    ]
    return tuple(sorted(stated, key=lambda parameter: _rank(parameter.about)))


@cache
def options_signature(options: type) -> tuple[Parameter, ...]:
    """The fields of an options class as parameters, group by group as its bases are listed.

    A class that only overrides the default of a base's option keeps its help. Those that it names in `withdrawn` are no
    parameters: they keep their default.
    """
    declared = {field.name: field for field in fields(options)}
    withdrawn: Collection[str] = getattr(options, "withdrawn", ())
    parameters = (_of_field(options, declared[name]) for name in _names(options) if name not in withdrawn)
    return tuple(sorted(parameters, key=lambda parameter: parameter.kind))


def option_of(options: type, name: str) -> Option | Argument | None:
    """What a class or the nearest of its bases says about a field; None for a field of Python alone."""
    annotations = (get_annotations(base).get(name) for base in options.__mro__)
    return next((about for annotation in annotations if (about := option_in(annotation)) is not None), None)


def _names(options: type) -> list[str]:
    """Field names in the order in which bases are listed, those of the class itself last."""
    inherited = [name for base in options.__bases__ if base is not object for name in _names(base)]
    return list(dict.fromkeys([*inherited, *get_annotations(options)]))


def _of_field(options: type, field: Any) -> Parameter:
    about = option_of(options, field.name)
    plain = get_args(field.type)[0] if get_origin(field.type) is Annotated else field.type
    default = field.default if field.default is not MISSING else Parameter.empty
    return Parameter(
        field.name,
        Parameter.KEYWORD_ONLY if field.kw_only else Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=plain if about is None else Annotated[plain, about],
    )


def _with_plugin_options(parameters: Iterable[Parameter]) -> Iterator[Parameter]:
    """The parameters, the options of plug-ins in place of `**options`."""
    for parameter in parameters:
        plugins = plugins_in(parameter.annotation)
        if plugins is None:
            yield parameter
            continue
        of_plugins = plugin_options(plugins.group).values()
        yield from {option.name: option for options in of_plugins for option in options}.values()


def _parameter(parameter: Parameter, about: Option | Argument) -> CommandParameter:
    declared = _without_none(get_args(parameter.annotation)[0])
    is_repeatable = get_origin(declared) in (Sequence, tuple)
    value = _without_none(get_args(declared)[0]) if is_repeatable else declared
    words = any(get_origin(part) is Literal for part in get_args(get_args(parameter.annotation)[0]))
    choices = tuple(map(str, get_args(value))) if get_origin(value) is Literal else ()
    return CommandParameter(
        name=parameter.name,
        about=about,
        type=value if value in (int, float, bool, Path) else str,
        choices=choices,
        is_repeatable=is_repeatable,
        is_required=parameter.default is Parameter.empty,
        default=parameter.default,
        takes_words=words and value in (int, float),
    )


def _without_none(annotation: Any) -> Any:
    """The type without None; a path where a string will do as well."""
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return Path if Path in parts else parts[0]


def _rank(about: Option | Argument) -> int:
    return -1 if isinstance(about, Argument) else GROUPS.index(about.group)
