"""What an option is to people: help, unit and group, stated beside its type and default with `Annotated`.

    rounds: Annotated[int, Option("Maximum rounds of a dialogue", AGENTS)] = 4

Command line, Python signature, run configuration, cost estimate and docs are read from this one line. Fields and
parameters without an `Option` or `Argument` are for Python alone. Plug-ins state theirs likewise, as keyword-only
parameters of their function; a command shows them with `**options: Annotated[Any, PluginOptions("afl.importers")]`.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_origin

from afl.errors import UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


DATA: Final = "Data"
MODELS: Final = "Models"
AGENTS: Final = "Agents"
RUN: Final = "Run"
LIMITS: Final = "Limits"
OUTPUT: Final = "Output"
GROUPS: Final = (DATA, MODELS, AGENTS, RUN, LIMITS, OUTPUT)
"""Headings of `--help`, in this order."""


@dataclass(frozen=True)
class Option:
    """An option of the command line, `--like-this`."""

    help: str
    """A noun phrase with its unit, without a full stop."""
    group: str
    """One of `GROUPS`."""
    metavar: str | None = None
    """What stands for the value in help; by default after its type."""
    flag: str | None = None
    """`--tool` where the flag is not called like the parameter."""
    off: str | None = None
    """The flag that says no, for options that are on by default."""
    default: str | None = None
    """The default in words, where the value says nothing to people."""

    def __repr__(self) -> str:
        return repr(self.help)  # signatures stay readable


@dataclass(frozen=True)
class Argument:
    """A value that is given by its position."""

    help: str
    metavar: str


@dataclass(frozen=True)
class PluginOptions:
    """All options that the plug-ins of a group state."""

    group: str
    """A group of entry points, `afl.importers`."""


def option_in(annotation: Any) -> Option | Argument | None:
    """What an annotation says about its option; None where it says nothing."""
    about: Option | Argument | None = _metadata(annotation, Option | Argument)
    return about


def plugins_in(annotation: Any) -> PluginOptions | None:
    """The plug-ins whose options a parameter `**options` stands for; None for any other parameter."""
    plugins: PluginOptions | None = _metadata(annotation, PluginOptions)
    return plugins


def plugin_options(group: str) -> dict[str, tuple[Parameter, ...]]:
    """Name of each plug-in -> its options: the keyword-only parameters of its function that are `Annotated` with an
    `Option`. A plug-in that cannot be imported has none.
    """
    from afl.plugins import entry_points_of

    return {point.name: _options_of(point) for point in sorted(entry_points_of(group))}


@cache
def _options_of(point: "EntryPoint") -> tuple[Parameter, ...]:
    try:
        try:
            parameters = _parameters_in_source(point.module, point.attr)
        except (NameError, ValueError):  # a type or default that is more than a literal
            parameters = list(signature(point.load()).parameters.values())
    except (ImportError, OSError, SyntaxError):
        return ()
    return tuple(
        parameter
        for parameter in parameters
        if parameter.kind is Parameter.KEYWORD_ONLY and option_in(parameter.annotation) is not None
    )


def _parameters_in_source(module: str, function: str) -> list[Parameter]:
    """The keyword-only parameters; annotations may use `typing`, built-in types and `afl.option`."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ImportError(f"no source of {module}")
    source = Path(spec.origin).read_text(encoding="utf-8")
    if f"def {function}(" in source and "Option(" not in source:
        return []  # parsing is what takes time
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    definition = next((node for node in functions if node.name == function), None)
    if definition is None:
        raise NameError(function)
    arguments = zip(definition.args.kwonlyargs, definition.args.kw_defaults, strict=True)
    return [_parameter(argument, default) for argument, default in arguments]


_NAMES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (str, int, float, bool, Option)},
    **{"Annotated": Annotated, "Literal": Literal, "Sequence": Sequence},
    **{group.upper(): group for group in GROUPS},
}
"""What an annotation may name that is read from source."""


def _parameter(argument: ast.arg, default: ast.expr | None) -> Parameter:
    annotation = Parameter.empty if argument.annotation is None else _annotation(argument.annotation)
    value = Parameter.empty if default is None else ast.literal_eval(default)
    return Parameter(argument.arg, Parameter.KEYWORD_ONLY, default=value, annotation=annotation)


def _annotation(node: ast.expr) -> Any:
    """The value of an annotation that consists of `_NAMES` and literals. Raises `NameError` for any other."""
    match node:
        case ast.Constant(value):
            return value
        case ast.Name(name) if name in _NAMES:
            return _NAMES[name]
        case ast.Tuple(parts):
            return tuple(_annotation(part) for part in parts)
        case ast.Subscript(generic, index):
            return _annotation(generic)[_annotation(index)]
        case ast.BinOp(left, ast.BitOr(), right):
            return _annotation(left) | _annotation(right)
        case ast.Call(function, arguments, keywords):
            named = {keyword.arg: _annotation(keyword.value) for keyword in keywords if keyword.arg is not None}
            return _annotation(function)(*(_annotation(argument) for argument in arguments), **named)
    raise NameError(ast.unparse(node))


def _metadata(annotation: Any, kind: Any) -> Any:
    if get_origin(annotation) is not Annotated:
        return None
    return next((entry for entry in annotation.__metadata__ if isinstance(entry, kind)), None)


def at_least(option: str, value: int, least: int) -> None:
    """Raises `UsageError` for a value below the least that makes sense."""
    if value < least:
        raise UsageError(f"--{option}: got {value}, expected at least {least}")


def one_of(option: str, value: str, choices: Sequence[str]) -> None:
    """Raises `UsageError` for a value that is none of these."""
    if value not in choices:
        raise UsageError(f"--{option}: got {value!r}, expected one of: {', '.join(choices)}")
