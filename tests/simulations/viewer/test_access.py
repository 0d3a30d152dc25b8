"""Who may send requests to the viewer, and what its pages may do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from simulations.viewer.app import create_app


@pytest.fixture(scope="module")
def guarded(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A viewer that is reached from elsewhere: it has a token."""
    app = create_app(database, datasets=tmp_path_factory.mktemp("data"), token="t0ken")
    with TestClient(app, base_url="http://example.org:7576", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7576", "testserver.evil.example", ""])
def test_a_name_that_was_bound_to_this_machine_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/api/runs", headers={"host": host})
    assert (answer.status_code, answer.text) == (400, "This viewer answers to 127.0.0.1 and localhost only.\n")


@pytest.mark.parametrize("host", ["127.0.0.1:7576", "LOCALHOST:1", "localhost", "[::1]:7576"])
def test_this_machine_is_answered(database: str, tmp_path: Path, host: str) -> None:
    with TestClient(create_app(database, datasets=tmp_path)) as client:
        assert client.get("/api/runs", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://testserver:81", "http://testserver.evil"]
)
def test_a_page_elsewhere_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/api/runs", headers={"origin": origin}).status_code == 403


def test_pages_of_the_viewer_are_answered(client: TestClient) -> None:
    assert client.get("/api/runs", headers={"origin": "http://testserver"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/runs/nope", "/static/viewer.js", "/static/nope", "/api/runs"])
def test_every_answer_forbids_whatever_is_from_elsewhere_or_inline(client: TestClient, path: str) -> None:
    policy = client.get(path).headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("path", ["/", "/api/runs", "/static/viewer.css", "/?token=wrong", "/?token=%C3%A9"])
def test_without_the_token_nothing_is_shown(guarded: TestClient, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert "talk" not in answer.text


def test_a_token_becomes_a_cookie_and_leaves_the_address(guarded: TestClient) -> None:
    answer = guarded.get("/runs/talk?token=t0ken&x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs/talk?x=1")
    assert {"HttpOnly", "SameSite=strict"} <= set(answer.headers["set-cookie"].split("; "))
    assert guarded.get("/runs/talk", headers={"cookie": "afl_token=t0ken"}).status_code == 200


def test_a_token_leads_to_no_other_server(guarded: TestClient) -> None:
    assert (
        guarded.get("http://example.org:7576//evil.example/?token=t0ken").headers["location"] == "/evil.example/"
    )


@pytest.mark.parametrize("path", ["/static/..%2Faccess.py", "/static/%2e%2e/access.py", "/static//etc/passwd"])
def test_the_folder_of_the_style_is_not_left(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_only_get_requests_of_pages_are_answered(client: TestClient, method: str) -> None:
    assert client.request(method, "/runs/talk").status_code == 405
