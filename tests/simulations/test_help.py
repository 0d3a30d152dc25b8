"""Help: grouped, whole at 80 columns, and what the docs show; each option is stated once."""

import re
from pathlib import Path
from typing import Annotated, Any

import pytest

from afl.option import DATA, GROUPS, Option, PluginOptions
from afl.testing import temporary_plugins
from simulations.cli.app import find_command
from simulations.cli.commands import COMMANDS
from simulations.cli.reference import WIDTH, help_of, option_rows, page
from simulations.execution.command_options import StudyOptions
from simulations.options.command import Invocation, command, make_invocation
from simulations.options.parameters import command_parameters
from simulations.options.run_options import FIRST, RunOptions
from tests.simulations.conftest import Afl

ROOT = Path(__file__).resolve().parents[2]
NAMES = [entry.name for entry in COMMANDS]


@pytest.mark.parametrize("name", NAMES)
def test_no_name_of_an_option_is_cut_at_80_columns(name: str) -> None:
    shown = help_of(name)
    flags = {
        flag for parameter in find_command(name.split()).params for flag in parameter.opts if flag[:2] == "--"
    }
    assert [flag for flag in flags if not re.search(rf"(?<!\\S){flag}(?![\\w-])", shown)] == []
    assert [line for line in shown.splitlines() if len(line) > WIDTH or "\u2026" in line] == []


def test_options_are_listed_by_group_in_one_order() -> None:
    headings = re.findall(r"^(\w+):$", help_of("simulate"), re.MULTILINE)
    assert headings == list(GROUPS)


def test_the_docs_show_the_help_of_every_command() -> None:
    written = (ROOT / "docs" / "help.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -m simulations.cli.reference > docs/help.md"


def test_help_is_a_noun_phrase_without_a_full_stop() -> None:
    helps = [row.parameter.about.help for row in option_rows()]
    assert [line for line in helps if line.endswith(".") and not line.endswith("...")] == []
    assert [line for line in helps if not line[0].isupper()] == []


def test_what_the_terminal_prints_is_what_the_docs_show(afl: Afl, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    assert afl("study", "rankers", "--help").out == help_of("study rankers") + "\n"


def test_a_public_function_has_the_fields_of_its_options_class_as_arguments() -> None:
    import inspect

    @command(StudyOptions)
    def study(invocation: Invocation[StudyOptions]) -> Invocation[StudyOptions]:
        return invocation

    invocation = study(dataset="small", rounds=2, tools=(), seeds=None)  # type: ignore[arg-type]  # None is not given
    assert "rounds" in inspect.signature(study).parameters
    assert (invocation.options.rounds, invocation.options.candidates) == (2, 20)
    assert dict(invocation.explicit) == {"dataset": "small", "rounds": 2}


def test_a_replay_fills_in_unstated_options() -> None:
    invocation = make_invocation(StudyOptions, {"rounds": 2})
    recorded = RunOptions(dataset="d", llm="offline", rounds=3, candidates=5).configuration()
    assert invocation.run_options(recorded=recorded) == RunOptions(
        dataset="d", llm="offline", rounds=2, candidates=5
    )


def test_options_at_their_default_leave_no_new_key_in_a_configuration() -> None:
    assert tuple(RunOptions(dataset="d", llm="offline").configuration()) == FIRST


def test_every_option_belongs_to_a_group() -> None:
    abouts = [row.parameter.about for row in option_rows()]
    assert {about.group for about in abouts if isinstance(about, Option)} == set(GROUPS)


def test_a_command_has_the_options_that_plug_ins_state() -> None:
    def read_lines(path: Path, options: object, *, least: Annotated[int, Option("Minimum", DATA)] = 3) -> None: ...

    def command(**options: Annotated[Any, PluginOptions("afl.importers")]) -> None: ...

    with temporary_plugins({"afl.importers": {"lines": read_lines}}):
        options = {parameter.name: parameter.default for parameter in command_parameters(command)}
    assert options == {"users": 1000, "category": None, "least": 3}
