"""Stores anew what the stored commands print: `python -m tests.golden.record`, after a change that is meant.

A command is added as a file that holds `command`, `"code": 0` and `"json": null`.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from afl.testing.server import running_server
from simulations.cli.main import run
from tests.golden.databases import DATABASES, NEW, StoredCommand, commands, timeless

IMPORT = ("data", "import", "demo", "--name", "demo", "--users", "30")


class Printed(NamedTuple):
    code: int
    json: Any


def record() -> None:
    for golden in DATABASES:
        for command in [*golden.commands("reading"), *golden.commands("continuing")]:
            _at_home(command, golden.copy, _printed_json)
    for command in commands(NEW / "models"):
        _at_home(command, _import_demo, _printed_json)
    for command in commands(NEW / "runs"):
        _at_home(command, _import_demo, _configurations)


def _at_home(
    command: StoredCommand, furnish: Callable[[Path], None], result: Callable[[StoredCommand], Printed]
) -> None:
    with TemporaryDirectory() as folder, chdir(folder):
        home = Path(folder, "home")
        os.environ["AFL_HOME"] = str(home)
        furnish(home)
        printed = result(command)
    replace(command, code=printed.code, json=timeless(printed.json)).write()


def _import_demo(home: Path) -> None:
    _printed(IMPORT)


def _printed_json(command: StoredCommand) -> Printed:
    return _printed(command.arguments)


def _configurations(command: StoredCommand) -> Printed:
    """The configuration of every run that a command makes."""
    made = _printed(command.arguments)
    listed = _printed(["runs", "--json"]).json["runs"]
    return Printed(made.code, {run["name"]: run["config"] for run in listed})


def _printed(arguments: Sequence[str]) -> Printed:
    with redirect_stdout(StringIO()) as out:
        code = run(arguments)
    return Printed(code, json.loads(out.getvalue() or "null") if "--json" in arguments else None)


if __name__ == "__main__":
    with running_server() as server:
        os.environ["OPENAI_BASE_URL"] = server.url
        record()
