"""Pages of files, opened from disk; and pages over words that mean harm."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simulations import view


@pytest.fixture(scope="session")
def files(database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported site with everything."""
    folder = tmp_path_factory.mktemp("files") / "site"
    view(export=folder, db=database)
    return folder


@pytest.fixture(scope="session")
def strange_files(strange_database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "strange"
    view(export=folder, db=strange_database)
    return folder


def click(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).first.click()


def test_a_site_is_read_from_disk_like_a_viewer(files: Path, visit) -> None:
    page = visit(f"{files.as_uri()}/index.html")
    click(page, "talk")
    expect(page.locator("#endings .plot .bars path").first).to_be_visible()
    page.locator("#endings .plot .bars path").first.click(force=True)
    click(page, "10")
    expect(page.locator("h1")).to_have_text("Session 10")
    page.keyboard.press("j")
    assert page.url == f"{files.as_uri()}/runs/talk/dialogues/10.html#loop-1-recommendation"


def test_a_site_compares_runs(files: Path, visit) -> None:
    page = visit(f"{files.as_uri()}/index.html")
    click(page, "Compare")
    click(page, "with talk")
    click(page, "7")
    expect(page.get_by_text("first difference").first).to_be_visible()


def test_a_site_asks_nothing_that_nobody_would_answer(files: Path, visit) -> None:
    assert visit(f"{files.as_uri()}/index.html").locator("form, input, button").count() == 0
    assert visit(f"{files.as_uri()}/runs/talk/sessions/index.html").locator("form, input, button").count() == 0


def test_a_folder_may_be_moved(files: Path, tmp_path: Path, visit) -> None:
    shutil.copytree(files / "runs", tmp_path / "moved with spaces" / "runs")
    shutil.copytree(files / "static", tmp_path / "moved with spaces" / "static")
    page = visit(f"{(tmp_path / 'moved with spaces').as_uri()}/runs/talk/sessions/index.html")
    click(page, "7")
    expect(page.locator("h1")).to_have_text("Session 7")


def test_words_that_mean_harm_are_words(strange_site: str, visit) -> None:
    read_through(visit(strange_site))


def test_words_that_mean_harm_are_words_in_files_too(strange_files: Path, visit) -> None:
    read_through(visit(f"{strange_files.as_uri()}/index.html"))


def read_through(page: Page) -> None:
    """Down to a prompt. Neither a dialog nor a complaint of the policy may come: nothing is taken for markup."""
    page.locator("tbody th a").first.click()
    expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>")
    click(page, "All sessions")
    page.locator("tbody th a").first.click()
    expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".answer").first).to_contain_text("onerror=alert(2)")
    page.locator(".panel summary").first.click()
    assert page.locator("img, main script:not([type='application/json']), main style").count() == 0
