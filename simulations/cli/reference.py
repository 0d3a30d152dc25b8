"""The help of every command and the table of options, as a page of the docs: `python -m simulations.cli.reference`."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

import simulations
from afl.option import GROUPS, Option
from simulations.cli.app import build_app, find_command
from simulations.cli.commands import COMMANDS
from simulations.options.parameters import CommandParameter, command_parameters

WIDTH = 80
"""Columns of the terminal that help is written for."""
INTRODUCTION = """# Help and options

Made from the code, where each option is stated once: `python -m simulations.cli.reference > docs/help.md`. What each
command does and prints: [commands.md](commands.md).

## Options

| option | type | default | group | commands | |
|---|---|---|---|---|---|
"""


@dataclass
class OptionRow:
    """An option with one meaning, and the commands that have it."""

    parameter: CommandParameter
    commands: list[str]

    def to_markdown(self) -> str:
        """Its row of the table."""
        parameter, about = self.parameter, self.parameter.about
        assert isinstance(about, Option)
        value = f" {parameter.metavar}" if parameter.metavar else ""
        flags = ", ".join(f"`{flag}{value}`" for flag in parameter.flags)
        choices = f": {', '.join(parameter.choices)}" if parameter.choices else ""
        kind = {"str": "text", "int": "integer", "float": "number", "bool": "switch", "Path": "path"}
        type_text = kind[parameter.type.__name__] + ("s" if parameter.is_repeatable else "")
        required = "required" if parameter.is_required else parameter.default_text
        cells = (flags, type_text, required, about.group, _commands_text(self.commands), f"{about.help}{choices}")
        return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def main() -> None:
    """Prints the page."""
    sys.stdout.write(page())


def page() -> str:
    """The table of options, then the help of every command."""
    rows = "\n".join(row.to_markdown() for row in option_rows())
    return INTRODUCTION + rows + "\n" + "".join(_section(name) for name in _names())


def option_rows() -> list[OptionRow]:
    """Every option, group by group; one that means something else in some commands has several rows."""
    rows: dict[tuple[object, ...], OptionRow] = {}
    for command in COMMANDS:
        for parameter in command_parameters(getattr(simulations, command.function)):
            if isinstance(parameter.about, Option):
                key = (parameter.flags, parameter.about, parameter.default, parameter.choices)
                rows.setdefault(key, OptionRow(parameter, [])).commands.append(command.name)
    return sorted(rows.values(), key=lambda row: GROUPS.index(row.parameter.about.group))  # type: ignore[union-attr]


def help_of(name: str) -> str:
    """What `afl NAME --help` prints on a terminal of 80 columns."""
    words = name.split()
    context = click.Context(build_app(), info_name="afl", terminal_width=WIDTH - 2)  # as click has it
    for index, word in enumerate(words):
        context = click.Context(find_command(words[: index + 1]), parent=context, info_name=word)
    return context.command.get_help(context)


def _names() -> Iterator[str]:
    yield ""
    for command in COMMANDS:
        yield command.name


def _section(name: str) -> str:
    title = f"afl {name}".strip()
    return f"\n## `{title} --help`\n\n```text\n{help_of(name)}\n```\n"


def _commands_text(commands: list[str]) -> str:
    return ", ".join(commands) if len(commands) < 4 else f"{len(commands)} commands"


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    main()
