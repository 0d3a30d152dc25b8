import os
import pickle
import sys
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afl.data.safe_unpickler import read_frame, read_plain
from afl.errors import DataError, UsageError


class Malicious:
    """Runs a command when it is unpickled by a bare `pickle.load`."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_frame_is_read_whatever_protocol_it_was_written_with(tmp_path: Path, protocol: int) -> None:
    frame = pandas.DataFrame({"seq": [[1, 2], [3, 4]], "next": [5, 6]})
    frame.columns = pandas.Index(["seq", "next"], dtype=object)
    (tmp_path / "f.df").write_bytes(pickle.dumps(frame, protocol=protocol))
    assert read_frame(tmp_path / "f.df", ["next", "seq"]) == {"next": [5, 6], "seq": [[1, 2], [3, 4]]}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("read", [read_plain, lambda path: read_frame(path, ["seq"])])
def test_a_pickle_that_runs_a_command_is_refused_and_nothing_runs(
    tmp_path: Path, protocol: int, read: Any
) -> None:
    file = tmp_path / "evil.pkl"
    file.write_bytes(pickle.dumps([Malicious(f"touch {tmp_path / 'ran'}")], protocol=protocol))
    with pytest.raises(DataError, match=r"refused to unpickle: it imports (posix|nt)\.system"):
        read(file)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "asked", [("builtins", "eval"), ("pandas", "read_pickle"), ("numpy", "load"), ("_codecs", "x")]
)
def test_only_reconstructors_are_on_the_list(tmp_path: Path, asked: tuple[str, str]) -> None:
    (tmp_path / "f.df").write_bytes(f"c{asked[0]}\n{asked[1]}\n.".encode())
    with pytest.raises(DataError, match=f"it imports {asked[0]}.{asked[1]}"):
        read_frame(tmp_path / "f.df", ["seq"])


def test_a_codec_other_than_the_one_for_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.df").write_bytes(b"c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR.")
    with pytest.raises(DataError, match="the codec 'rot13'"):
        read_frame(tmp_path / "f.df", ["seq"])


def test_plain_pickles_hold_plain_values_only(tmp_path: Path) -> None:
    (tmp_path / "f.pkl").write_bytes(pickle.dumps(pandas.DataFrame({"a": [1]})))
    with pytest.raises(DataError, match="refused to unpickle"):
        read_plain(tmp_path / "f.pkl")


def test_something_else_than_a_frame_is_named(tmp_path: Path) -> None:
    (tmp_path / "f.df").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(DataError, match="got a pickled list, expected a pandas DataFrame"):
        read_frame(tmp_path / "f.df", ["seq"])


def test_without_pandas_the_way_to_get_it_is_named(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    message = r'the pickled frame .*Test_data.df needs pandas, which is not installed: pip install "afl\[llara\]"'
    with pytest.raises(UsageError, match=message):
        read_frame(shared_data / "lastfm" / "Test_data.df", ["seq"])


def test_a_missing_column_is_named_with_those_there_are(shared_data: Path) -> None:
    with pytest.raises(DataError, match="column 'user' is missing; available: seq, len_seq, next"):
        read_frame(shared_data / "lastfm" / "Test_data.df", ["user"])


def test_a_truncated_frame_is_one_clear_line(tmp_path: Path, shared_data: Path) -> None:
    content = (shared_data / "lastfm" / "Test_data.df").read_bytes()
    (tmp_path / "f.df").write_bytes(content[:4000])
    with pytest.raises(DataError, match="not a readable pickle"):
        read_frame(tmp_path / "f.df", ["seq"])


@given(junk=st.binary(max_size=200))
def test_junk_is_never_more_than_one_clear_line(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "junk.df"
    file.write_bytes(junk)
    with pytest.raises(DataError, match=r"junk\.df"):
        read_frame(file, ["seq"])
