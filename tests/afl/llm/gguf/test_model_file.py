"""Which file `gguf:...` means, and its hash."""

import hashlib
from pathlib import Path

import pytest

from afl.errors import DataError, NotFoundError
from afl.llm.gguf.model_file import find_model_file, model_names, sha256_of
from tests.afl.llm.gguf.conftest import ModelFile


def test_a_name_is_a_file_under_the_home_and_a_path_is_itself(model_file: ModelFile, tmp_path: Path) -> None:
    path = model_file()
    assert find_model_file("tiny", tmp_path) == path
    assert find_model_file(str(path), tmp_path / "elsewhere") == path
    assert model_names(tmp_path) == ["tiny"]


def test_a_model_that_can_be_fetched_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"not there yet; get it with: afl llm fetch smollm2$"):
        find_model_file("smollm2", tmp_path, ["smollm2"])


def test_an_unknown_name_lists_what_there_is(model_file: ModelFile, tmp_path: Path) -> None:
    model_file()
    with pytest.raises(NotFoundError, match=r"no local model is called 'qwen'; available: smollm2, tiny"):
        find_model_file("qwen", tmp_path, ["smollm2"])


def test_a_path_without_a_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"x\.gguf: there is no such file; .*afl llm fetch smollm2"):
        find_model_file(str(tmp_path / "x.gguf"), tmp_path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"PK\x03\x04")
    with pytest.raises(DataError, match="not a GGUF file"):
        find_model_file("x", tmp_path)


def test_the_hash_is_that_of_the_file_and_follows_it(model_file: ModelFile) -> None:
    path = model_file()
    assert sha256_of(path) == hashlib.sha256(b"GGUF good").hexdigest()
    model_file("another")
    assert sha256_of(path) == hashlib.sha256(b"GGUF another").hexdigest()


def test_the_hash_of_a_model_in_several_files_is_that_of_all(model_file: ModelFile) -> None:
    first = model_file(name="big-00001-of-00002")
    model_file(name="big-00002-of-00002")
    before = sha256_of(first)
    model_file("another", name="big-00002-of-00002")
    assert sha256_of(first) != before
