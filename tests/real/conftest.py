"""A real language model of 135 million parameters, served here: `make real`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from afl.errors import UsageError
from afl.extras import require_extra
from tests.simulations.conftest import Finished

FIXED = ["--dataset", "demo", "--llm", "gguf:smollm2", "--structured", "json-schema"]


class Commands:
    """`afl` in processes of its own, as people run it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        names = ("AFL_DB", "OPENAI_API_KEY", "OPENAI_BASE_URL")
        self._environment = {name: value for name, value in os.environ.items() if name not in names}
        self._environment["AFL_HOME"] = str(home)

    def __call__(self, *arguments: object) -> Finished:
        with self.start(*arguments) as process:
            out, err = process.communicate()
        return Finished(process.returncode, out, err)

    def start(self, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "afl", *map(str, arguments)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, stdout=pipe, stderr=pipe, text=True, env=self._environment, cwd=self.home, process_group=0
        )

    def exported(self, run: str) -> bytes:
        """The bytes of a run's export."""
        out = self.home / f"{run}.jsonl"
        assert self("export", run, "--out", out).code == 0
        return out.read_bytes()


@pytest.fixture(scope="session")
def _fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An AFL_HOME with the model, the demo data set and its base model; skips where no wheel is, except in CI."""
    try:
        require_extra("local", "--llm gguf")
    except UsageError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    afl = Commands(tmp_path_factory.mktemp("real"))
    for command in (
        ("llm", "fetch", "smollm2"),
        ("data", "import", "demo", "--name", "demo"),
        ("train", "sasrec", "--dataset", "demo"),
    ):
        done = afl(*command)
        assert done.code == 0, done.err
    return afl.home


@pytest.fixture
def afl(_fetched: Path, tmp_path: Path) -> Commands:
    """The command line over a copy of that home, with an empty database; the model's file is shared."""
    home = tmp_path / "home"
    shutil.copytree(_fetched, home, ignore=shutil.ignore_patterns("llms", "*.db*"))
    (home / "llms").symlink_to(_fetched / "llms")
    return Commands(home)
