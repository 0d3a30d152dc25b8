"""A small data set, the command line in this process or in one of its own, and a fake endpoint."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from starlette.testclient import TestClient

from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetStore
from afl.llm.canned_answers import canned_answer
from afl.models import checkpoints
from afl.models.checkpoints import Checkpoint, Identity
from afl.models.sasrec import SASRec
from afl.models.trainer import TrainingConfig, TrainingResult
from afl.settings import Settings
from afl.testing import FakeClock
from afl.testing.server import FakeServer, running_server
from simulations import simulate
from simulations.analysis.simulation_report import SimulationReport
from simulations.cli.main import run
from simulations.commands.data import import_data
from simulations.commands.runs import runs
from simulations.task.training_data import RECOMMENDER_SEED, REWARD_SEED
from simulations.viewer.app import create_app

USERS, ITEMS, LENGTH = 30, 60, 6


@dataclass(frozen=True)
class Finished:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)  # type: ignore[no-any-return]

    @property
    def complaint(self) -> str:
        """The one line on stderr of a command that wrote nothing else."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        return line


Afl = Callable[..., Finished]
Simulate = Callable[..., SimulationReport]


@pytest.fixture(scope="session")
def small_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 listeners, each with six of 60 bands; a session per listener."""
    rows = [
        f"u{user},Band {(user * 7 + time * 11) % ITEMS},{time}" for user in range(USERS) for time in range(LENGTH)
    ]
    path = tmp_path_factory.mktemp("csv") / "small.csv"
    path.write_text("\n".join(["user,item,timestamp", *rows]) + "\n")
    return path


@pytest.fixture(scope="session")
def _imported(small_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("imported") / "home"
    settings = Settings(AFL_HOME=home, AFL_DB=None)  # type: ignore[call-arg]
    import_data("csv", small_csv, name="small", domain="music", settings=settings)
    # Making the tables takes longer than most tests.
    assert runs(settings=settings) == []
    return home


@pytest.fixture
def small(home: Path, _imported: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh AFL_HOME with the data set `small` and an empty database."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    shutil.copytree(_imported, home)
    return home


@pytest.fixture
def dataset(small: Path) -> Dataset:
    return DatasetStore(small / "data").load("small")


@pytest.fixture
def afl(capsys: pytest.CaptureFixture[str]) -> Afl:
    """`afl("runs", "--json")`: the command line, in this process."""

    def call(*arguments: object) -> Finished:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Finished(code, *capsys.readouterr())

    return call


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with running_server() as running:
        yield running


@pytest.fixture
def loop(afl: Afl, small: Path) -> Afl:
    """`loop(server, "--run", "x")`: `afl simulate --json` over all sessions of `small`, without base models."""

    def call(server: FakeServer, *more: object) -> Finished:
        return afl(*loop_arguments(server, *more))

    return call


def loop_arguments(server: FakeServer, *more: object) -> list[str]:
    """A simulation over all sessions of `small`, without base models."""
    fixed = "simulate --dataset small --split all --llm openai:m --recommender none --reward none --json"
    return [*fixed.split(), "--base-url", server.url, *map(str, more)]


@pytest.fixture
def page(small: Path) -> Callable[[str], str]:
    """`page("/runs/x")`: the HTML of a page of the viewer."""

    def read(path: str) -> str:
        app = create_app(f"sqlite:///{small / 'afl.db'}", datasets=small / "data", hosts=["testserver"])
        with TestClient(app) as client:
            return client.get(path).raise_for_status().text

    return read


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulated(small: Path, clock: FakeClock) -> Simulate:
    """A simulation over ten sessions of `small`, in order, whose waits take no time."""

    def call(server: FakeServer, **options: Any) -> SimulationReport:
        fixed = {"dataset": "small", "split": "all", "llm": "openai:m", "recommender": "none", "reward": "none"}
        endpoint = {"base_url": server.url, "sessions": 10, "concurrency": 1, "run": "x", "clock": clock}
        return simulate(**{**fixed, **endpoint, **options})

    return call


@pytest.fixture
def exported(afl: Afl, tmp_path: Path) -> Callable[..., bytes]:
    """`exported("x")`: the bytes of the run's export; `exported("x", url)` from another database."""

    def export(name: str, db: str | None = None) -> bytes:
        elsewhere = [] if db is None else ["--db", db]
        assert afl("export", name, "--out", tmp_path / "export.jsonl", *elsewhere).code == 0
        return (tmp_path / "export.jsonl").read_bytes()

    return export


@pytest.fixture(scope="session")
def _launcher() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, str(Path(__file__).with_name("launcher.py"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as launcher:
        yield launcher
        assert launcher.stdin is not None
        launcher.stdin.close()


class Launched:
    """A running `afl` process."""

    def __init__(self, launcher: subprocess.Popen[str], streams: Path) -> None:
        assert launcher.stdout is not None
        self._answers = launcher.stdout
        self._streams = streams
        self.pid = int(self._answers.readline())

    def wait(self) -> Finished:
        code = int(self._answers.readline())
        return Finished(code, *((self._streams / name).read_text() for name in ("out", "err")))


Launch = Callable[[Sequence[str]], Launched]


@pytest.fixture
def launch(_launcher: subprocess.Popen[str], tmp_path: Path) -> Launch:
    """`launch(arguments)`: the command line in a process of its own, one at a time."""

    def start(arguments: Sequence[str]) -> Launched:
        assert _launcher.stdin is not None
        streams = {name: str(tmp_path / name) for name in ("out", "err")}
        order = {"arguments": arguments, "environment": dict(os.environ), "folder": os.getcwd(), **streams}
        _launcher.stdin.write(json.dumps(order) + "\n")
        _launcher.stdin.flush()
        return Launched(_launcher, tmp_path)

    return start


class Assassin:
    """Answers like the fake server does, and ends the process under test while it waits for a certain answer."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self._victim: Callable[[], int] | None = None
        self._at = 0
        self._signal = 0

    def aim(self, victim: Callable[[], int], *, at: int, signal: int) -> None:
        """Sends `signal` to the process `victim()` when request number `at`, counted from 1, has come in."""
        self._victim, self._at, self._signal = victim, at, signal

    def __call__(self, messages: Sequence[Mapping[str, Any]]) -> str:
        self.requests.append(json.dumps(messages))
        if self._victim is not None and len(self.requests) == self._at:
            os.kill(self._victim(), self._signal)
        return canned_answer(messages)


def keep_untrained(dataset: Dataset, models: Path, *seeds: int) -> None:
    """A SASRec that has learned nothing, where the ones with these seeds would be: nothing is trained."""
    for seed in seeds:
        torch.manual_seed(seed)
        network = SASRec.from_settings({"items": len(dataset.catalogue)})
        settings, config = network.settings(), asdict(TrainingConfig())
        identity = Identity("sasrec", network.version, dataset.hash, settings, config, seed)
        log = TrainingResult(1, 1, 0.0, (1.0,), 0.0, 0.0)._asdict()
        checkpoints.write(Checkpoint(identity, network.state_dict(), log), models)


@pytest.fixture
def untrained(small: Path, dataset: Dataset) -> None:
    """Base model and reward model of `small`, whichever splits are played, without the time that training takes."""
    keep_untrained(dataset, small / "models", RECOMMENDER_SEED, REWARD_SEED)
    keep_untrained(dataset.without_targets(), small / "models", RECOMMENDER_SEED, REWARD_SEED)
