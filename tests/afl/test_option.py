"""Options of plug-ins: read from the source of their functions, without importing it where that is possible."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest

from afl.option import DATA, Option, _options_of, plugin_options

GROUP = "afl.importers"


def read_lines(path: Path, options: object, *, least: Annotated[int, Option("Minimum", DATA)] = 3) -> None: ...


def names(plugin: str) -> list[str]:
    return [option.name for option in plugin_options(GROUP)[plugin]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path, with a plug-in `late` of the module `late_plugin`, which a test writes."""
    monkeypatch.syspath_prepend(tmp_path)
    metadata = tmp_path / "late-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\nlate = late_plugin:late\n", encoding="utf-8")
    _options_of.cache_clear()
    yield tmp_path
    sys.modules.pop("late_plugin", None)
    _options_of.cache_clear()


def write(folder: Path, *lines: str) -> None:
    (folder / "late_plugin.py").write_text("\n".join(lines), encoding="utf-8")


def test_the_options_of_the_built_in_importers_are_read_without_importing_them() -> None:
    code = (
        "import sys; from afl.option import plugin_options;"
        f"stated = plugin_options({GROUP!r}).items();"
        "print({name: [option.name for option in options] for name, options in stated if options});"
        "sys.exit('polars' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{'demo': ['users'], 'flower': ['category']}"


def test_a_plug_in_is_imported_where_its_source_says_too_little(folder: Path) -> None:
    write(
        folder,
        "from typing import Annotated",
        "from afl.option import DATA, Option",
        "LEAST = 3",
        "def late(path, options, *, least: Annotated[int, Option('Minimum', DATA)] = LEAST): ...",
    )
    assert (names("late"), plugin_options(GROUP)["late"][0].default) == (["least"], 3)


@pytest.mark.parametrize("line", ["from afl.data.importers.demo import import_demo as late", "late = print"])
def test_a_function_of_another_module_is_imported(folder: Path, line: str) -> None:
    write(folder, line)
    assert names("late") == (["users"] if "demo" in line else [])


@pytest.mark.parametrize("line", ["import no_such_library  # Option(", "def late(  # Option("])
def test_a_plug_in_that_cannot_be_imported_has_none(folder: Path, line: str) -> None:
    write(folder, line)
    assert names("late") == []


def test_a_plug_in_without_a_file_has_none(folder: Path) -> None:
    assert names("late") == []
