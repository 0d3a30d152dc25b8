"""Whatever a user can type, set or run into has its place in the docs."""

import inspect
import re
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
    raised = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
    assert headings("errors.md") == raised


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    links = [
        (page, link) for page in pages for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text("utf-8"))
    ]
    assert [(page.name, link) for page, link in links if not (page.parent / link).exists()] == []
