"""The viewer as a site of files: what is written, under which names, and what is never touched."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.errors import NotFoundError, StorageError, UsageError
from simulations import view
from simulations.viewer.urls import FileUrls, file_name

WILD = st.text(st.characters(codec=None), max_size=200)
LINK = re.compile(r'(?:href|src)="([^"#]+)')


@pytest.fixture(scope="module")
def site(database: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "new" / "site"
    view(export=folder, db=database)
    return folder


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


@given(WILD)
def test_any_text_names_a_file_on_every_system(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9~_-]{1,60}", file_name(text))
    assert file_name(text) not in ("con", "prn", "aux", "nul", "com1", "lpt9", "index")


@given(WILD, WILD)
def test_different_texts_name_different_files(one: str, other: str) -> None:
    assert (file_name(one) == file_name(other)) is (one == other)


@pytest.mark.parametrize(
    "name", ["../up", "/etc/passwd", "..", "", "a\\b", "C:x", "Run", "con", "x" * 300, "\x00"]
)
def test_a_name_that_is_a_path_is_none_in_files(name: str) -> None:
    urls = FileUrls("index.html", lambda file, address: None)
    assert re.fullmatch(r"runs/[a-z0-9~_-]+/dialogues/[a-z0-9~_-]+\.html", urls.dialogue(name, name))


def test_files_lead_to_each_other_from_wherever_they_are() -> None:
    urls = FileUrls("runs/a/sessions/index.html", lambda file, address: None)
    assert urls.dialogue("a", "7", "loop-1-user") == "../dialogues/7.html#loop-1-user"
    assert urls.sessions("a", {"page": 2, "result": "won"}) == "page-2-result-won.html"
    assert urls.static("viewer.css") == "../../../static/viewer.css"


def test_every_link_of_a_site_leads_to_a_file_of_it(site: Path) -> None:
    links = {(page, link) for page in pages(site) for link in LINK.findall(page.read_text("utf-8"))}
    ends = {link for page, link in links if not link.startswith("data:") and not (page.parent / link).is_file()}
    assert len(links) > 100
    assert ends == set()


def test_every_page_forbids_whatever_is_from_elsewhere_or_inline(site: Path) -> None:
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; script-src '
    assert all(policy in page.read_text("utf-8") for page in pages(site))


def test_plotly_is_there_once(site: Path) -> None:
    assert [file.relative_to(site).as_posix() for file in site.rglob("plotly*")] == ["static/plotly.min.js"]


def test_only_the_runs_that_are_named_are_shown(database: str, tmp_path: Path) -> None:
    found = view(["talk", "other"], export=tmp_path / "two", db=database)
    assert found is not None
    assert sorted(folder.name for folder in (tmp_path / "two" / "runs").iterdir()) == ["other", "talk"]
    assert "hinted" not in (tmp_path / "two" / "index.html").read_text("utf-8")
    assert found.to_json() == {
        "out": str(tmp_path / "two"),
        "runs": ["talk", "other"],
        "files": len(found.files),
        "bytes": found.size,
    }


def test_an_earlier_site_is_replaced(database: str, tmp_path: Path) -> None:
    view(["talk"], export=tmp_path / "site", db=database)
    view(["begun"], export=tmp_path / "site", db=database)
    assert [folder.name for folder in (tmp_path / "site" / "runs").iterdir()] == ["begun"]
    assert os.listdir(tmp_path) == ["site"]


def test_a_site_that_somebody_added_to_is_left_alone(database: str, tmp_path: Path) -> None:
    view(["begun"], export=tmp_path, db=database)
    (tmp_path / "runs" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"it holds runs/notes\.txt, which no export wrote"):
        view(["begun"], export=tmp_path, db=database)
    assert (tmp_path / "runs" / "notes.txt").read_text() == "mine"


def test_a_file_in_its_place_is_left_alone(database: str, tmp_path: Path) -> None:
    (tmp_path / "site").write_text("mine")
    with pytest.raises(UsageError, match="it holds a file"):
        view(export=tmp_path / "site", db=database)


def test_a_run_that_is_not_there_leaves_nothing(database: str, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no run is called 'nope'"):
        view(["nope"], export=tmp_path / "site", db=database)
    assert os.listdir(tmp_path) == []


def test_what_cannot_be_written_leaves_nothing(database: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        view(["begun"], export=tmp_path / "file" / "site", db=database)
    assert os.listdir(tmp_path) == ["file"]
