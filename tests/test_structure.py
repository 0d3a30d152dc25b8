"""The architecture: who imports whom, what is loaded when, and that every name leads somewhere."""

import ast
import json
import subprocess
import sys
from importlib.metadata import entry_points, packages_distributions
from pathlib import Path

import pytest

from benchmarks.structure import Structure

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "langgraph", "langchain_core", "polars", "sqlalchemy", "genai_prices")
POINTS = sorted(
    {point for group in entry_points().groups if group.startswith("afl.") for point in entry_points(group=group)}
)


def loaded_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after running `code`."""
    tail = (
        "\nimport sys, json; print('\\n' + json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code + tail], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def imported_modules(path: Path) -> set[str]:
    """Every module that a file imports, inside functions too, with the packages above it."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        f"{node.module}.{alias.name}" for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    return {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}


def test_imports_run_downward() -> None:
    from importlinter.cli import lint_imports

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0


@pytest.mark.parametrize(
    "code",
    [
        "import afl, agents.prompts, simulations",
        "from simulations.cli.main import run; assert run(['--help']) == 0",
        "from simulations.cli.reference import page; page()",
    ],
    ids=["import", "help", "help of every command"],
)
def test_what_needs_no_heavy_library_loads_none(code: str) -> None:
    assert not loaded_after(code) & set(HEAVY)


def test_python_dash_m_afl_is_the_command_line() -> None:
    done = subprocess.run([sys.executable, "-m", "afl", "runs", "--nonsense"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("afl: No such option '--nonsense'")


@pytest.mark.parametrize("package", ["afl", "agents", "memory", "simulations"])
def test_no_product_code_imports_what_is_made_for_tests(package: str) -> None:
    files = [path for path in (ROOT / package).rglob("*.py") if "testing" not in path.parts]
    assert [str(path.relative_to(ROOT)) for path in files if "afl.testing" in imported_modules(path)] == []


@pytest.mark.parametrize("package", ["afl", "agents", "memory", "simulations"])
def test_each_package_belongs_to_this_project_alone(package: str) -> None:
    assert set(packages_distributions()[package]) == {"afl"}


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.group}:{point.name}")
def test_every_entry_point_leads_somewhere(point: object) -> None:
    assert callable(point.load())  # type: ignore[attr-defined]


def test_every_name_that_is_offered_can_be_imported() -> None:
    import simulations

    assert all(callable(getattr(simulations, name)) for name in simulations.__all__)


def test_tests_lie_in_no_package_that_could_shadow_one() -> None:
    assert not list((ROOT / "tests").rglob("__init__.py"))


@pytest.fixture(scope="module")
def structure() -> Structure:
    return Structure.of(ROOT)


def test_no_files_import_each_other_in_a_circle(structure: Structure) -> None:
    assert structure.imports.circles == []


def test_parts_of_simulations_import_few_others(structure: Structure) -> None:
    assert len(structure.imports.pairs) <= 92  # 60 % of the 153 pairs of version 0.1


def test_only_commands_have_long_signatures(structure: Structure) -> None:
    assert sum(len(file.long_signatures) for file in structure.files) <= 2


def test_few_lines_are_hidden_from_the_type_checker(structure: Structure) -> None:
    assert sum(file.type_ignores for file in structure.files) <= 25


def test_simulations_has_no_loose_files_but_progress(structure: Structure) -> None:
    loose = {file.path.name for file in structure.files if file.path.parts[:-1] == ("simulations",)}
    assert loose == {"__init__.py", "progress.py"}
