"""A missing extra is one line, wherever it is missing; the libraries are really missing, in a process of its own."""

import json
import subprocess
import sys
from importlib.metadata import metadata
from pathlib import Path

import pytest

from afl.errors import UsageError
from afl.extras import EXTRAS, missing_libraries, optional_imports, require_extra

WITHOUT = '''
import contextlib, io, json, sys

class Hiding:
    """Finds what another finder finds, but for the libraries that are to be missing."""

    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        return None if name.partition('.')[0] in hidden else self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)

hidden, commands = set(json.loads(sys.argv[1])), json.loads(sys.argv[2])
sys.meta_path[:] = map(Hiding, sys.meta_path)
from simulations.cli.main import run
for command in commands:
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = run(command)
    print(json.dumps([code, stdout.getvalue(), stderr.getvalue()]))
'''

SIMULATE = ["simulate", "--dataset", "demo", "--recommender", "none", "--reward", "none", "--run", "first"]
COMMANDS = {
    "view": ("the viewer needs fastapi", "viewer", ["view"]),
    "flower sample": ("a Flower model needs accelerate", "flower", ["flower", "sample", "x"]),
    "flower evaluate": ("a Flower model needs accelerate", "flower", ["flower", "evaluate", "x"]),
    "flower train": (
        "a Flower model needs accelerate",
        "flower",
        ["flower", "train", "--name", "x", "--target", "target.json"],
    ),
    "openai": (
        "--llm openai needs langchain_openai",
        "openai",
        [*SIMULATE, "--llm", "openai:m", "--base-url", "http://127.0.0.1:9/v1"],
    ),
    "ray": ("--engine ray needs ray", "ray", [*SIMULATE, "--llm", "offline", "--engine", "ray"]),
    "postgresql": (
        "a PostgreSQL database needs psycopg",
        "postgresql",
        ["runs", "--db", "postgresql://127.0.0.1:9/nothing"],
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """What each command says in an environment that has no extra."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "target.json").write_text('{"a": 1, "b": 2}', encoding="utf-8")
    hidden = sorted({library for libraries in EXTRAS.values() for library in libraries})
    commands = [["data", "import", "demo", "--name", "demo", "--users", "40"], ["doctor"]]
    commands += [command for _, _, command in COMMANDS.values()]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, json.dumps(hidden), json.dumps(commands)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"AFL_HOME": str(folder), "PATH": "", "OPENAI_API_KEY": "sk-none", "PYTHONPATH": str(Path.cwd())},
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip(["import", "doctor", *COMMANDS], lines, strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_in_one_line_which_extra_it_needs(
    name: str, answers: dict[str, tuple[int, str, str]]
) -> None:
    need, extra, _ = COMMANDS[name]
    code, stdout, stderr = answers[name]
    assert (code, stdout) == (2, "")
    assert stderr.splitlines()[-1] == f'afl: {need}, which is not installed: pip install "afl[{extra}]"'
    assert "Traceback" not in stderr


def test_doctor_lists_every_extra(answers: dict[str, tuple[int, str, str]]) -> None:
    code, stdout, _ = answers["doctor"]
    assert code == 0
    listed = [extra for extra in EXTRAS if f'pip install "afl[{extra}]"' in " ".join(stdout.split())]
    assert listed == list(EXTRAS)


def test_the_extras_are_those_of_the_project() -> None:
    declared = metadata("afl").get_all("Provides-Extra") or []
    assert sorted(EXTRAS) == sorted(set(declared) - {"dev"})


def test_what_is_installed_is_not_missing() -> None:
    assert missing_libraries("openai") == ()
    require_extra("openai", "a test")


def test_an_import_that_fails_names_the_library_and_its_extra() -> None:
    message = r'a test needs no_such_library, which is not installed: pip install "afl\[ray\]"'
    with pytest.raises(UsageError, match=message), optional_imports("ray", "a test"):
        import no_such_library  # noqa: F401
