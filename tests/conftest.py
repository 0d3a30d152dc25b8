"""What every test may use: the real data, a home of its own, and no network but loopback."""

import os
from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; a test that needs it skips where it is missing, except in CI."""
    if not SHARED_DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail("real data expected beside the checkout in CI")
        pytest.skip("real data is not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh AFL_HOME, with no key and no database set from outside."""
    folder = tmp_path / "home"
    monkeypatch.setenv("AFL_HOME", str(folder))
    for name in ("AFL_DB", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return folder
