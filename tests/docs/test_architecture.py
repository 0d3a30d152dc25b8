"""What docs/architecture.md and docs/add-yours.md say of the code is there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PATH = re.compile(r"`((?:afl|agents|memory|simulations|benchmarks|docs|tests)/[\w./]*)`")
GROUP = re.compile(r"""load_plugin\(\s*"(afl\.\w+)\"""")


def test_every_path_on_the_page_exists() -> None:
    paths = PATH.findall(PAGE)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_term_of_the_glossary_has_a_meaning_and_an_existing_place() -> None:
    glossary = PAGE.split("\n## Glossary\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in glossary.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 45
    assert [row for row in rows if len(row) != 3 or not all(row) or not PATH.fullmatch(row[2])] == []
    terms = [row[0] for row in rows]
    assert sorted(set(terms)) == sorted(terms)


def test_every_part_of_simulations_has_a_row_in_the_table_of_parts() -> None:
    table = PAGE.split("| part of `simulations` |")[1].split("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    parts = {path.parent.name for path in (ROOT / "simulations").glob("*/__init__.py")}
    assert named == parts


def test_every_group_of_entry_points_is_on_the_page_about_adding_yours_and_no_other() -> None:
    registered = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    page = (ROOT / "docs" / "add-yours.md").read_text(encoding="utf-8")
    table = page.split("| group |")[1].split("\n\n")[0]
    named = {name for line in table.splitlines() for name in re.findall(r"`(afl\.\w+)`", line.split("|")[1])}
    assert named == set(registered)


def test_plugins_are_loaded_only_from_groups_that_are_registered() -> None:
    registered = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    sources = [path for package in ("afl", "agents", "simulations") for path in (ROOT / package).rglob("*.py")]
    loaded = {group for path in sources for group in GROUP.findall(path.read_text(encoding="utf-8"))}
    assert loaded
    assert loaded <= set(registered)
