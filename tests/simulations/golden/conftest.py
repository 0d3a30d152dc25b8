"""A copy of a database of version 0.1 for every test, and an endpoint that nobody should ask."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from afl.testing.server import FakeServer
from tests.golden.databases import Golden

Restore = Callable[[Golden], Path]


@pytest.fixture
def restore(home: Path) -> Restore:
    """`restore(golden)`: a copy of the database under AFL_HOME; skips where it is missing, except in CI."""

    def copy(golden: Golden) -> Path:
        if not golden.folder.is_dir():
            if os.environ.get("CI"):
                pytest.fail("the shared golden database expected beside the checkout in CI")
            pytest.skip("the shared golden database is not beside this checkout")
        golden.copy(home)
        return home

    return copy


@pytest.fixture
def endpoint(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    """A fake endpoint, where `--llm openai:MODEL` asks."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return server
