"""Every fault that the docs speak of is shown by a test that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "faults.md"
FOLDERS = {"llm/": "afl/llm/", "loop/": "simulations/"}
NAMED = re.compile(r"`((?:\w+/)+test_\w+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """The lines of the tables that have a column `test`."""
    tables = re.findall(r"^\|[^\n]*\| test \|\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    return [line for table in tables for line in table.splitlines()]


def in_tests(path: str) -> Path:
    """`llm` and `loop` are short for folders, as the page says."""
    first = path[: path.index("/") + 1]
    return ROOT / "tests" / (FOLDERS.get(first, first) + path.removeprefix(first))


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_every_fault_names_a_test_that_exists(row: str) -> None:
    path, name = NAMED.findall(row.split("|")[-2])[0]
    assert re.search(rf"^(async )?def {name}\(", in_tests(path).read_text("utf-8"), re.MULTILINE)


def test_there_are_tables() -> None:
    assert len(rows()) >= 30
