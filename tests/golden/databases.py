"""What version 0.1 left behind, and the commands it was asked about."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, copytree
from typing import Any, Self

HERE = Path(__file__).resolve().parent
SHARED = HERE.parents[2] / "shared" / "golden"


@dataclass(frozen=True)
class StoredCommand:
    """A command, its exit code, and the JSON it printed: None where it ended in a complaint."""

    file: Path
    command: str
    code: int
    json: Any

    @property
    def arguments(self) -> list[str]:
        return self.command.split()

    @classmethod
    def read(cls, file: Path) -> Self:
        return cls(file, **json.loads(file.read_text("utf-8")))

    def write(self) -> None:
        stored = {"command": self.command, "code": self.code, "json": self.json}
        self.file.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "utf-8")


@dataclass(frozen=True)
class Golden:
    """A database with its data sets and policies in `folder`, and an export of every run in `exports`."""

    name: str
    folder: Path
    exports: Path

    @property
    def runs(self) -> list[str]:
        return [run["name"] for run in StoredCommand.read(HERE / self.name / "reading" / "runs.json").json["runs"]]

    def commands(self, kind: str) -> list[StoredCommand]:
        return commands(HERE / self.name / kind)

    def export(self, run: str) -> bytes:
        return gzip.decompress((self.exports / f"{run}.jsonl.gz").read_bytes())

    def copy(self, home: Path) -> None:
        """Makes `home` an AFL_HOME with a copy of the database and what lies beside it."""
        home.mkdir()
        for beside in ("data", "policies"):
            if (self.folder / beside).is_dir():
                copytree(self.folder / beside, home / beside, copy_function=copyfile)
        packed = self.folder / "afl.db.gz"
        content = (
            gzip.decompress(packed.read_bytes()) if packed.is_file() else (self.folder / "afl.db").read_bytes()
        )
        (home / "afl.db").write_bytes(content)


FAILURES = Golden("failures", HERE / "failures", HERE / "failures" / "exports")
"""Whatever can be in a database: replies that failed, repairs, studies, hints."""
SHARED_GOOD = Golden("good", SHARED, SHARED)
"""Beside the checkout: larger runs with the offline model, in which nothing failed."""
DATABASES = (FAILURES, SHARED_GOOD)
NEW = HERE / "new"
"""Commands over the demo data set with 30 users, imported anew."""


def commands(folder: Path) -> list[StoredCommand]:
    return [StoredCommand.read(file) for file in sorted(folder.glob("*.json"))]


def timeless(printed: Any) -> Any:
    """The same without the seconds that something took."""
    match printed:
        case dict():
            return {
                key: timeless(value) for key, value in printed.items() if key not in ("seconds", "cpu_seconds")
            }
        case list():
            return [timeless(value) for value in printed]
    return printed
