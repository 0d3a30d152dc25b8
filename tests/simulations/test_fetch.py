"""`afl data fetch`: from nothing to a data set, over a mirror on loopback; and without a network."""

import functools
import gzip
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.simulations.conftest import Afl

REVIEWS = "".join(
    f"{{u'username': u'u{user}', u'product_id': u'{game}', u'date': u'2017-12-{game}'}}\n"
    for user in range(20)
    for game in range(10, 15)
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[str]:
    """The address of a copy of Steam's two files."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "steam_reviews.json.gz").write_bytes(gzip.compress(REVIEWS.encode()))
    (folder / "steam_games.json.gz").write_bytes(gzip.compress(b"{u'id': u'10', u'app_name': u'Portal'}\n"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_fetched_can_be_imported_by_the_command_that_is_shown(afl: Afl, home: Path, mirror: str) -> None:
    fetched = afl("data", "fetch", "steam", "--mirror", mirror, "--json").json
    assert fetched["command"] == f"afl data import steam {home / 'downloads' / 'steam'} --name steam"
    info = afl(*fetched["command"].split()[1:], "--json").json
    assert (info["interactions"], info["items"], info["sequences"]["test"]) == (100, 5, 2)


def test_people_are_shown_hash_licence_citation_and_what_comes_next(afl: Afl, home: Path, mirror: str) -> None:
    shown = " ".join(afl("data", "fetch", "steam", "--mirror", mirror).out.split())
    assert "no hash is published; its SHA-256 is shown" in shown
    assert "states no licence" in shown
    assert "Self-Attentive Sequential Recommendation" in shown
    assert "afl data import steam" in shown


def test_another_folder_can_be_named(afl: Afl, home: Path, mirror: str, tmp_path: Path) -> None:
    fetched = afl("data", "fetch", "steam", "--mirror", mirror, "--to", tmp_path / "here", "--json").json
    assert fetched["folder"] == str(tmp_path / "here" / "steam")


def test_without_a_network_one_line_says_how_to_go_on(afl: Afl, home: Path) -> None:
    refused = afl("data", "fetch", "ml-1m", "--mirror", "http://127.0.0.1:1")
    assert refused.code == 2
    assert f"put it at {home / 'downloads' / 'ml-1m' / 'ml-1m.zip'} and run the same command" in refused.complaint


def test_a_file_got_by_other_means_is_held_against_what_is_published(afl: Afl, home: Path) -> None:
    folder = home / "downloads" / "ml-1m"
    folder.mkdir(parents=True)
    (folder / "ml-1m.zip").write_bytes(b"not it")
    refused = afl("data", "fetch", "ml-1m")
    assert (refused.code, "got 6 bytes, expected 5,917,549" in refused.complaint) == (2, True)
