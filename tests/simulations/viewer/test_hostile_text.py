"""Whatever strangers wrote is shown as text, in pages of bounded size, and comes back whole as JSON."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from simulations.viewer.app import create_app
from simulations.viewer.urls import encode_segment
from tests.simulations.viewer.hostile_text import LONG, STRANGE

SESSION = f"/runs/{encode_segment(STRANGE)}/sessions/{encode_segment(STRANGE)}"
PAGES = ["/", f"/runs/{encode_segment(STRANGE)}", f"/runs/{encode_segment(STRANGE)}/sessions", SESSION]


@pytest.fixture(scope="module")
def strange(strange_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    app = create_app(strange_database, datasets=tmp_path_factory.mktemp("strange"), hosts=["testserver"])
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", PAGES, ids=["runs", "run", "sessions", "dialogue"])
def test_pages_show_it_as_text(strange: TestClient, path: str) -> None:
    page = strange.get(path).raise_for_status().text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert not {"\x00", "\u202e"} & set(page)


@pytest.mark.parametrize("path", PAGES, ids=["runs", "run", "sessions", "dialogue"])
def test_pages_stay_below_300_kb(strange: TestClient, path: str) -> None:
    assert len(strange.get(path).content) < 300_000


def test_a_text_that_is_cut_says_how_much_is_left(strange: TestClient) -> None:
    assert "more characters)" in strange.get(SESSION).text


def test_json_holds_every_text_unchanged(strange: TestClient) -> None:
    page = strange.get(f"/api{SESSION}").raise_for_status().json()
    assert page["session"] == page["target"] == page["run"] == STRANGE
    assert page["rounds"][0]["turns"][0]["attempts"][0]["reason"] == LONG


def test_an_error_about_hostile_text_is_json(strange: TestClient) -> None:
    answer = strange.get("/api/runs/nope")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("no run is called 'nope'; available: x\x00\ud800")
