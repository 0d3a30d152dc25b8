"""Builds a command of the command line from the signature of a public function."""

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import click

from afl.option import OUTPUT, Argument
from simulations.cli.commands import first_line
from simulations.options.parameters import CommandParameter, command_parameters

TYPES: Mapping[type, click.ParamType[Any]] = {
    str: click.STRING,
    int: click.INT,
    float: click.FLOAT,
    Path: click.Path(path_type=Path),
}
JSON = "One JSON object on stdout, all else on stderr"
WIDTH = 80
_NAMES = 30
"""Width of the column of names; a longer name has its own line."""


class SignatureCommand(click.Command):
    """A command with the parameters of a function; help lists options by group and cuts no name."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            group = parameter.group if isinstance(parameter, GroupedOption) else OUTPUT
            if isinstance(parameter, GroupedArgument):
                groups.setdefault("Arguments", []).append((parameter.make_metavar(ctx), parameter.description))
            elif (record := parameter.get_help_record(ctx)) is not None:
                groups.setdefault(group, []).append(record)
        for group, records in groups.items():
            with formatter.section(group):
                formatter.write_dl(records, col_max=_NAMES)


class GroupedOption(click.Option):
    """An option that help lists under a group."""

    def __init__(self, *declarations: Any, group: str, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.group = group


class GroupedArgument(click.Argument):
    """An argument with a line of help."""

    def __init__(self, *declarations: Any, help: str, **attributes: Any) -> None:
        super().__init__(*declarations, **attributes)
        self.description = help


def build_command(name: str, function: Callable[..., Any], execute: Callable[..., int]) -> click.Command:
    """A command whose arguments and options are those of `function`.

    `execute` is called with the stated arguments, by name, and `as_json`; it returns the exit code.
    """

    def callback(as_json: bool, **values: Any) -> int:
        stated = {name: value for name, value in values.items() if value not in (None, ())}
        return execute(as_json=as_json, **stated)

    parameters = [_click_parameter(parameter) for parameter in command_parameters(function)]
    json = GroupedOption(["--json", "as_json"], group=OUTPUT, is_flag=True, help=JSON)
    summary = first_line(function.__doc__)
    return SignatureCommand(name, callback=callback, params=[*parameters, json], help=summary)


def accepts(function: Callable[..., Any], name: str) -> bool:
    """Whether the function has a parameter of this name."""
    return name in signature(function).parameters


def _click_parameter(parameter: CommandParameter) -> click.Parameter:
    if isinstance(parameter.about, Argument):
        return GroupedArgument(
            [parameter.name],
            type=TYPES[parameter.type],
            required=parameter.is_required,
            nargs=-1 if parameter.is_repeatable else 1,
            metavar=parameter.metavar if parameter.is_required else f"[{parameter.metavar}]",
            help=parameter.help,
        )
    attributes: dict[str, Any] = {"group": parameter.about.group, "help": parameter.help}
    if not parameter.is_required:
        attributes["default"] = None
    if parameter.type is bool:
        return GroupedOption(["/".join(parameter.flags), parameter.name], is_flag=True, **attributes)
    return GroupedOption(
        [*parameter.flags, parameter.name],
        type=click.STRING if parameter.takes_words else TYPES[parameter.type],
        required=parameter.is_required,
        multiple=parameter.is_repeatable,
        metavar=parameter.metavar,
        **attributes,
    )
