"""`afl prompts export`: every text as a file, and the page about them, which is also in the docs."""

from pathlib import Path

from agents import Prompts
from agents.prompts.page import page
from agents.prompts.texts import TEXTS
from simulations import prompts_export
from tests.simulations.conftest import Afl

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_what_is_exported_are_the_prompts_in_use(afl: Afl, tmp_path: Path) -> None:
    exported = afl("prompts", "export", tmp_path / "new" / "folder", "--json")
    assert (exported.code, exported.json["written"]) == (0, len(TEXTS) + 1)
    assert Prompts.load(tmp_path / "new" / "folder") == Prompts.load()
    first = exported.json["prompts"][0]
    assert (first["name"], first["file"]) == ("recommendation.system", "recommendation.system.txt")
    assert first["fields"] == ["domain", "item", "items", "verb", "past", "past_tense", "person"]


def test_a_second_export_changes_nothing(afl: Afl, tmp_path: Path) -> None:
    prompts_export(tmp_path)
    again = afl("prompts", "export", tmp_path)
    assert (again.code, "all there already" in again.out) == (0, True)


def test_a_file_that_differs_is_not_lost(afl: Afl, tmp_path: Path) -> None:
    (tmp_path / "repair.txt").write_text("No: $problem", encoding="utf-8")
    refused = afl("prompts", "export", tmp_path)
    assert (refused.code, "repair.txt would be overwritten" in refused.complaint) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["repair.txt"]
    assert afl("prompts", "export", tmp_path, "--replace").code == 0
    assert Prompts.load(tmp_path).replaced == {}


def test_a_folder_that_cannot_be_written_is_one_line(afl: Afl, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    refused = afl("prompts", "export", tmp_path / "file")
    assert (refused.code, "file: cannot be written" in refused.complaint) == (2, True)


def test_the_page_is_the_one_in_the_docs(tmp_path: Path) -> None:
    prompts_export(tmp_path)
    made = (tmp_path / "PROMPTS.md").read_text("utf-8")
    # python -m agents.prompts.page > docs/prompts.md
    assert made == page() == (DOCS / "prompts.md").read_text("utf-8")


def test_the_page_has_every_text_and_every_field() -> None:
    shown, texts = page(), Prompts.load().texts
    assert [text.name for text in TEXTS if f"`{text.name}`" not in shown or texts[text.name] not in shown] == []
    assert {field for text in TEXTS for field in text.fields if f"| `${field}` |" not in shown} == set()
