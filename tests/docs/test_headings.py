"""Whatever a user can type, set or run into has its place in the docs."""

import inspect
import re
from functools import cache
from pathlib import Path

import simulations
from afl import errors
from afl.settings import Settings
from simulations.cli.commands import COMMANDS
from simulations.cli.studio import StudioSettings

ROOT = Path(__file__).resolve().parents[2]


def headings(page: str) -> set[str]:
    return set(re.findall(r"^## `(.+)`$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE))


def test_every_command_has_its_heading() -> None:
    assert headings("commands.md") == {f"afl {command.name}" for command in COMMANDS}


def test_every_command_is_a_public_function() -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert {name for name in simulations.__all__ if f"`simulations.{name}`" in page} == set(
        simulations.__all__
    ) - {"build_graph"}


def test_every_setting_has_its_heading() -> None:
    own = {str(field.validation_alias) for field in Settings.model_fields.values()}
    studio = {f"AFL_STUDIO_{name.upper()}" for name in StudioSettings.model_fields}
    assert headings("settings.md") == own | studio


def test_every_error_has_its_heading() -> None:
    raised = {name for name, item in inspect.getmembers(errors, inspect.isclass) if issubclass(item, Exception)}
    assert headings("errors.md") == raised


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    ]
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []


def test_every_anchor_is_a_heading_of_its_page() -> None:
    links = [
        (page, target, anchor)
        for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text("utf-8"))
    ]
    assert links
    dead = [
        f"{page.name} -> {target}#{anchor}"
        for page, target, anchor in links
        if anchor not in anchors(page.parent / target if target else page)
    ]
    assert dead == []


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives the headings of a page; a repeated heading gets `-1`, `-2`, ..."""
    prose = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    slugs = [
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+?)\s*$", prose, flags=re.MULTILINE)
    ]
    return frozenset(
        f"{slug}-{slugs[:index].count(slug)}" if slug in slugs[:index] else slug
        for index, slug in enumerate(slugs)
    )
