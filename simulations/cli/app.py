"""The command line: groups and commands, each built from its function when it is needed."""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import Parameter, signature
from typing import Any

import click

import simulations
from afl import __version__
from simulations.cli.commands import COMMANDS, GROUPS, Command, summary_of
from simulations.cli.signature import accepts, build_command

SUMMARY = "Simulate what happens between a recommender and its user: two language-model agents, on the record"


class CommandGroup(click.Group):
    """Commands that are imported when they are called, and listed without it."""

    def __init__(self, name: str, commands: Mapping[str, "Command | CommandGroup"], summary: str) -> None:
        super().__init__(name, help=summary, no_args_is_help=True)
        self.entries = commands

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        return command_of(entry) if isinstance(entry, Command) else entry

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [
            (name, summary_of(entry.function) if isinstance(entry, Command) else entry.help or "")
            for name, entry in self.entries.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def build_app() -> CommandGroup:
    """`afl` with its groups and commands."""
    entries: dict[str, Command | CommandGroup] = {}
    for command in COMMANDS:
        group, _, name = command.name.rpartition(" ")
        if not group:
            entries[name] = command
            continue
        members = [other for other in COMMANDS if other.name.startswith(f"{group} ")]
        inner = {other.name.removeprefix(f"{group} "): other for other in members}
        entries.setdefault(group, CommandGroup(group, inner, GROUPS[group]))
    app = CommandGroup("afl", entries, SUMMARY)
    app.params.append(
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Version of AFL",
        )
    )
    return app


def command_of(command: Command) -> click.Command:
    """The command with its function imported; what presents the result is imported after the function has run."""
    function: Callable[..., Any] = getattr(simulations, command.function)

    def execute(*, as_json: bool, **arguments: Any) -> int:
        result = function(**arguments, **_python_only(function, as_json=as_json))
        from simulations.cli.output import print_json

        if result is None or getattr(result, "is_silent", False):
            return 0
        if as_json:
            to_json = _load(command.json) if command.json else type(result).to_json
            print_json(_call(to_json, result, arguments))
        elif (page := _call(_load(command.show), result, arguments)) is not None:
            from simulations.document.terminal import show

            show(page)
        return int(getattr(result, "exit_code", 0))

    return build_command(command.name.rpartition(" ")[2], function, execute)


def find_command(words: Sequence[str]) -> click.Command:
    """The command that these words after `afl` name; other words are ignored."""
    command: click.Command = build_app()
    context = click.Context(command)
    for word in words:
        if isinstance(command, CommandGroup):
            command = command.get_command(context, word) or command
    return command


def _python_only(function: Callable[..., Any], *, as_json: bool) -> dict[str, Any]:
    """Arguments that the command line passes by itself: progress for people, the viewer's address."""
    from simulations.cli.output import announce
    from simulations.progress import on_stderr

    arguments: dict[str, Any] = {}
    if accepts(function, "watch"):
        arguments["watch"] = on_stderr()
    if accepts(function, "opened"):
        arguments["opened"] = lambda address: announce(address, as_json=as_json)
    return arguments


def _call(function: Callable[..., Any], result: Any, arguments: Mapping[str, Any]) -> Any:
    """`function` of the result and of those arguments of the command that are keyword-only parameters of it."""
    parameters = signature(function).parameters.values()
    names = [parameter.name for parameter in parameters if parameter.kind is Parameter.KEYWORD_ONLY]
    return function(result, **{name: arguments[name] for name in names if name in arguments})


def _load(path: str) -> Callable[..., Any]:
    module, _, name = path.partition(":")
    loaded: Callable[..., Any] = getattr(import_module(module), name)
    return loaded


def _version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"afl {__version__}")
        context.exit()
