"""Downloads from a server on loopback that breaks off, changes its mind, or says no."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from afl.data.download import Source, SourceFile, download
from afl.errors import DataError, EndpointError, StorageError
from afl.ports import no_progress

CONTENT = bytes(range(256)) * 3_000
MD5 = hashlib.md5(CONTENT).hexdigest()


@dataclass
class Host:
    """What the server has and does; what it was asked."""

    content: bytes = CONTENT
    tag: str | None = '"v1"'
    breaks_after: int | None = None
    """Bytes of a reply, once."""
    status: int = 200
    url: str = ""
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def host() -> Iterator[Host]:
    told = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            reply(self, told)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield told
    server.shutdown()
    thread.join()
    server.server_close()


def reply(request: BaseHTTPRequestHandler, told: Host) -> None:
    """As web servers do: a range only where the version is still the same."""
    wanted = request.headers.get("Range")
    told.ranges.append(wanted)
    if told.status != 200:
        return request.send_error(told.status)
    begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
    if request.headers.get("If-Range") != told.tag:
        begin = 0
    if begin >= len(told.content):
        return request.send_error(416)
    request.send_response(206 if begin else 200)
    body = told.content[begin:]
    headers = {"Content-Length": str(len(body))}
    headers |= {"ETag": told.tag} if told.tag else {}
    headers |= {"Content-Range": f"bytes {begin}-{len(told.content) - 1}/{len(told.content)}"} if begin else {}
    _ = [request.send_header(name, value) for name, value in headers.items()]
    request.end_headers()
    kept, told.breaks_after = told.breaks_after, None
    request.wfile.write(body[:kept])
    request.close_connection = True
    return None


def source(host: Host, name: str = "data.bin", **known: object) -> Source:
    files = (SourceFile(f"{host.url}/{name}", **known),)  # type: ignore[arg-type]
    return Source("mine", "csv", "https://example.org/mine", "free", "A. Author", files)


def broken_off(host: Host, folder: Path, **known: object) -> None:
    """A first try that ends after 500,000 bytes."""
    host.breaks_after = 500_000
    with pytest.raises(EndpointError, match=r"was closed after 500,000 of 768,000 bytes; try again later"):
        download(source(host, **known), folder, progress=no_progress)


def test_a_file_is_downloaded_checked_and_told(host: Host, tmp_path: Path) -> None:
    (file,) = download(source(host, size=len(CONTENT), md5=MD5), tmp_path / "new", progress=no_progress)
    assert file.path.read_bytes() == CONTENT
    assert (file.size, file.sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert file.verified_by == "size and MD5 (published beside the file)"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["data.bin"]


def test_where_no_hash_is_published_that_is_said(host: Host, tmp_path: Path) -> None:
    (file,) = download(source(host), tmp_path, progress=no_progress)
    assert file.verified_by == "no hash is published; its SHA-256 is shown"


def test_progress_counts_bytes(host: Host, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    download(source(host), tmp_path, progress=lambda done, total, text="": seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_file_that_is_there_and_whole_is_not_asked_for_again(host: Host, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(CONTENT)
    download(source(host, md5=MD5), tmp_path, progress=no_progress)
    assert host.ranges == []


def test_a_download_that_broke_off_goes_on_where_it_stood(host: Host, tmp_path: Path) -> None:
    broken_off(host, tmp_path, md5=MD5)
    (file,) = download(source(host, md5=MD5), tmp_path, progress=no_progress)
    assert file.path.read_bytes() == CONTENT
    assert host.ranges == [None, "bytes=500000-"]


def test_it_starts_over_where_the_file_has_changed_in_between(host: Host, tmp_path: Path) -> None:
    broken_off(host, tmp_path)
    host.content, host.tag = CONTENT[::-1], '"v2"'
    (file,) = download(source(host), tmp_path, progress=no_progress)
    assert file.path.read_bytes() == CONTENT[::-1]


def test_it_starts_over_where_the_source_does_not_tell_versions_apart(host: Host, tmp_path: Path) -> None:
    host.tag = None
    broken_off(host, tmp_path)
    (file,) = download(source(host), tmp_path, progress=no_progress)
    assert (file.path.read_bytes(), host.ranges) == (CONTENT, [None, None])


def test_it_starts_over_where_more_is_there_than_the_source_has(host: Host, tmp_path: Path) -> None:
    (tmp_path / "data.bin.part").write_bytes(CONTENT + b"more")
    (tmp_path / "data.bin.version").write_text('"v1"')
    (file,) = download(source(host), tmp_path, progress=no_progress)
    assert (file.path.read_bytes(), host.ranges) == (CONTENT, ["bytes=768004-", None])


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ({"size": 7}, r"got 768,000 bytes, expected 7;"),
        ({"md5": "0" * 32}, rf"got MD5 {MD5}, expected 0000"),
        ({"sha256": "0" * 64}, r"got SHA-256 [0-9a-f]{64}, expected 0000"),
    ],
)
def test_a_file_that_is_not_what_is_published_is_set_aside(
    host: Host, tmp_path: Path, known: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        download(source(host, **known), tmp_path, progress=no_progress)
    assert [path.name for path in tmp_path.iterdir()] == ["data.bin.wrong"]


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_source_that_says_no_gives_one_line_with_the_way_by_hand(
    host: Host, tmp_path: Path, status: int
) -> None:
    host.status = status
    by_hand = r"see https://example\.org/mine\), put it at .*data\.bin and run the same command again"
    with pytest.raises(EndpointError, match=rf"data\.bin: answered {status} .*{by_hand}"):
        download(source(host), tmp_path, progress=no_progress)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.zip", "nothing://x/x.zip"])
def test_nobody_there_gives_one_line_with_the_way_by_hand(tmp_path: Path, address: str) -> None:
    nobody = Source("mine", "csv", "https://example.org", "free", "A. Author", (SourceFile(address),))
    with pytest.raises(EndpointError, match=r"x\.zip: .*; try again later, or get it by other means"):
        download(nobody, tmp_path, progress=no_progress)


def test_a_mirror_has_files_of_the_same_names(host: Host, tmp_path: Path) -> None:
    away = Source("m", "csv", "page", "free", "A", (SourceFile("https://example.invalid/data.bin", md5=MD5),))
    (file,) = download(away, tmp_path, progress=no_progress, mirror=host.url)
    assert file.path.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_named(host: Host, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        download(source(host), tmp_path / "file" / "new", progress=no_progress)


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        _ = [made.writestr(name, f"content of {name}") for name in names]
    return packed.getvalue()


@pytest.mark.parametrize("names", [("ml-1m/ratings.dat", "ml-1m/movies.dat"), ("ratings.dat", "movies.dat")])
def test_an_archive_is_unpacked_with_a_folder_of_its_own_or_without(
    host: Host, tmp_path: Path, names: tuple[str, ...]
) -> None:
    host.content = archive(*names)
    download(source(host, "ml-1m.zip"), tmp_path, progress=no_progress)
    assert sorted(path.name for path in (tmp_path / "ml-1m").iterdir()) == ["movies.dat", "ratings.dat"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ml-1m", "ml-1m.zip"]


def test_an_archive_cannot_write_outside_its_folder(host: Host, tmp_path: Path) -> None:
    host.content = archive("../../escaped", "/rooted", "inside")
    download(source(host, "x.zip"), tmp_path / "a" / "b", progress=no_progress)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [
        "escaped",
        "inside",
        "rooted",
        "x.zip",
    ]
    assert {path.parent.name for path in tmp_path.rglob("*") if path.is_file()} == {"x", "b"}


def test_a_damaged_archive_is_set_aside(host: Host, tmp_path: Path) -> None:
    host.content = archive("ratings.dat")[:-30]
    with pytest.raises(DataError, match=r"x\.zip: got an unreadable archive"):
        download(source(host, "x.zip"), tmp_path, progress=no_progress)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip.wrong"]
