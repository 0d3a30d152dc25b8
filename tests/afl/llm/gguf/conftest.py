"""Model files, and a stand-in for xllamacpp that loads them."""

from collections.abc import Callable
from pathlib import Path

import pytest

FAKE = Path(__file__).parent / "fake"
ModelFile = Callable[..., Path]


@pytest.fixture
def model_file(tmp_path: Path) -> ModelFile:
    """`model_file("broken")`: the path of a model that the stand-in treats so."""

    def write(kind: str = "good", name: str = "tiny") -> Path:
        path = tmp_path / f"{name}.gguf"
        path.write_bytes(f"GGUF {kind}".encode())
        return path

    return write


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[list[int]]]:
    """`loads()`: process id and threads of each load so far, by the stand-in that takes xllamacpp's place."""
    file = tmp_path / "loads"
    monkeypatch.setenv("AFL_TEST_LOADS", str(file))
    monkeypatch.setenv("PYTHONPATH", str(FAKE))
    monkeypatch.syspath_prepend(str(FAKE))
    return lambda: [[*map(int, line.split())] for line in file.read_text().splitlines()] if file.exists() else []
