"""Where runs are tortured: a data set, an endpoint that counts, and processes that are forked from one."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from afl.llm.canned_answers import canned_answer
from afl.llm.fingerprint import fingerprint
from afl.settings import Settings
from afl.testing.server import FakeServer, running_server
from simulations.commands.data import import_data
from simulations.commands.runs import runs

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = ROOT / "tests" / "simulations" / "launcher.py"
BANDS, LENGTH = 400, 6


class Endpoint:
    """Answers like the fake server does, remembers every request, and does something when a certain one comes in."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        """Fingerprints, in the order they came."""
        self._at = 0
        self._action: Any = None

    def when(self, number: int, action: Any) -> None:
        """Calls `action()` while request `number` from now, counted from 1, waits for its answer."""
        self._at, self._action = len(self.asked) + number, action

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> str:
        self.asked.append(fingerprint("openai:m", {"temperature": 0.0}, messages))  # type: ignore[arg-type]
        if self._action is not None and len(self.asked) >= self._at:
            action, self._action = self._action, None
            action()
        return canned_answer(messages)


class Process:
    """A running `afl`; one at a time."""

    def __init__(self, launcher: subprocess.Popen[str], folder: Path) -> None:
        assert launcher.stdout is not None
        self._answers = launcher.stdout
        self._folder = folder
        self.pid = int(self._answers.readline())

    def kill(self) -> None:
        """-9; nothing if it has ended by itself."""
        try:
            os.kill(self.pid, 9)
        except ProcessLookupError:
            return

    @property
    def alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def wait(self) -> int:
        """Its exit code; negative is the signal that ended it."""
        return int(self._answers.readline())

    @property
    def complaint(self) -> str:
        """The last line on stderr; before it is the progress."""
        return ["", *(self._folder / "err").read_text("utf-8").splitlines()][-1]


@dataclass
class Arena:
    """One database, one endpoint; runs of one name, `tortured`."""

    folder: Path
    server: FakeServer
    endpoint: Endpoint
    launcher: subprocess.Popen[str]
    pipe: int
    """The reading and writing end of the pipe that processes may be given as stdout."""
    sessions: int
    expected: frozenset[str] = frozenset()
    """The fingerprints of all requests of a run."""
    number: int = field(default=0)

    @property
    def home(self) -> Path:
        """Where the present run is: each series has its own."""
        return self.folder / f"home-{self.number}"

    @property
    def stride(self) -> int:
        """How many requests a run may get further before it is ended: a tenth of them."""
        return max(1, len(self.expected) // 10)

    @property
    def database(self) -> Path:
        return self.home / "afl.db"

    @property
    def wal(self) -> Path:
        return self.home / "afl.db-wal"

    def begin(self) -> None:
        """A fresh home: data set imported, tables made, no run."""
        shutil.rmtree(self.home, ignore_errors=True)
        self.number += 1
        shutil.copytree(self.folder / "imported", self.home)
        self.endpoint.asked.clear()

    def run(self, concurrency: int, **more: Any) -> Process:
        """Starts or continues the run."""
        fixed = "simulate --dataset small --split all --rounds 2 --llm openai:m --recommender none --reward none"
        options = ["--run", "tortured", "--base-url", self.server.url, "--concurrency", str(concurrency), "--json"]
        return self.start([*fixed.split(), *options], **more)

    def export(self, file: str) -> Process:
        """Starts to export the run to a file in the folder."""
        return self.start(["export", "tortured", "--out", str(self.folder / file)])

    def start(self, arguments: Sequence[str], *, out: str = "out", **limits: Any) -> Process:
        """`afl ARGUMENTS` in a process; `limits` are the launcher's."""
        environment = {"AFL_HOME": str(self.home), "AFL_DB": "", "OPENAI_BASE_URL": ""}
        streams = {"out": str(self.folder / out), "err": str(self.folder / "err")}
        order = {"arguments": arguments, "environment": environment, "folder": str(self.folder)}
        assert self.launcher.stdin is not None
        self.launcher.stdin.write(json.dumps({**order, **streams, **limits}) + "\n")
        self.launcher.stdin.flush()
        return Process(self.launcher, self.folder)


@contextmanager
def arena(folder: Path, *, sessions: int) -> Iterator[Arena]:
    """An arena for runs of so many sessions; what one asks is known, and its export in `undisturbed`."""
    _import(folder, sessions)
    os.mkfifo(folder / "full")
    pipe = os.open(folder / "full", os.O_RDWR | os.O_NONBLOCK)
    endpoint = Endpoint()
    command = [sys.executable, str(LAUNCHER)]
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        running_server(endpoint, keep_requests=False) as server,
        subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env=path) as launcher,
    ):
        made = Arena(folder, server, endpoint, launcher, pipe, sessions)
        made.begin()
        _expect_success(made.run(64))
        _expect_success(made.export("undisturbed"))
        made.expected = frozenset(endpoint.asked)
        yield made
        assert launcher.stdin is not None
        launcher.stdin.close()
    os.close(pipe)


def _expect_success(process: Process) -> None:
    if code := process.wait():
        raise RuntimeError(f"an undisturbed run ended with {code}: {process.complaint}")


def _import(folder: Path, listeners: int) -> None:
    """Listeners with six of 400 bands each: no two requests of a run are equal."""
    random = Random(303)
    rows = [
        f"u{user},Band {band},{time}"
        for user in range(listeners)
        for time, band in enumerate(random.sample(range(BANDS), LENGTH))
    ]
    path = folder / "small.csv"
    path.write_text("\n".join(["user,item,timestamp", *rows]) + "\n", encoding="utf-8")
    settings = Settings(AFL_HOME=folder / "imported", AFL_DB=None, _env_file=None)  # type: ignore[call-arg]
    import_data("csv", path, name="small", domain="music", settings=settings)
    runs(settings=settings)
