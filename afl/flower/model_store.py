"""What is kept of a Flower training: `AFL_HOME/flower/NAME/`, safetensors and JSON, readable without AFL.

flower.json           task, configuration, and once it is done the log of the training
training.safetensors  how far an unfinished training has come
model/                weights, configuration and tokenizer, as `transformers` (or `peft`) keeps them
target.json           what a distribution was fitted to, where that is the task
"""

import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from afl.errors import ConflictError, ModelError, NotFoundError, StorageError, UsageError
from afl.flower.distributed import is_main_process, main_process_first
from afl.sanitize import json_safe

if TYPE_CHECKING:  # lists of models are read without loading any
    from afl.flower.language_model import LanguageModel

VERSION = 1
"""Of the layout."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class StoredModel:
    """A training of this name, finished or not."""

    folder: Path
    task: str
    config: Mapping[str, Any]
    """JSON: all that determines the weights."""
    log: Mapping[str, Any] | None
    """JSON: how training went; None until it has ended."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def state_file(self) -> Path:
        """Where an unfinished training keeps its standing."""
        return self.folder / "training.safetensors"

    @property
    def model_dir(self) -> Path:
        return self.folder / "model"

    @property
    def finished(self) -> bool:
        return self.log is not None

    @classmethod
    def begin(cls, root: Path, name: str, task: str, config: Mapping[str, Any], *, replace: bool = False) -> Self:
        """The training of this name with this configuration: a new one, or what is there of it.

        `replace` begins anew in any case. Raises `UsageError` for a name that no folder can have, `ConflictError`
        where the name is another training's, `StorageError` where `root` cannot be written.
        """
        with main_process_first():
            return cls._begin(root, name, task, config, replace=replace and is_main_process())

    @classmethod
    def _begin(cls, root: Path, name: str, task: str, config: Mapping[str, Any], *, replace: bool) -> Self:
        folder = _folder(root, name)
        config = json.loads(json.dumps(config))  # as it will be read back
        if folder.exists() and not replace:
            kept = cls.read(root, name)
            _require_equal(kept, {"task": task, **config})
            return kept
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from None
        kept = cls(folder, task, config, None)
        kept._write()
        return kept

    @classmethod
    def read(cls, root: Path, name: str) -> Self:
        """What is kept under this name; `NotFoundError` where nothing is, `ModelError` where it cannot be read."""
        folder = _folder(root, name)
        path = folder / "flower.json"
        if not path.is_file():
            raise NotFoundError(f"no Flower model is called {name!r}; `afl flower train --name {name}` trains one")
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["version"] != VERSION:
                raise ValueError(f"layout {record['version']}, expected {VERSION}")
            return cls(folder, str(record["task"]), dict(record["config"]), record["log"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            reason = (str(error).splitlines() or [""])[0][:120]
            raise ModelError(f"{path}: not a record AFL can read ({reason}); train {name!r} again") from None

    def finish(self, model: "LanguageModel", log: Mapping[str, Any]) -> Self:
        """Keeps the trained model; what was needed to continue goes."""
        done = type(self)(self.folder, self.task, self.config, json.loads(json.dumps(log)))
        if is_main_process():
            model.save(self.model_dir)
            done._write()
            self.state_file.unlink(missing_ok=True)
        return done

    def load_model(self) -> "LanguageModel":
        """The trained model; `ModelError` where training has not ended."""
        if not self.finished:
            raise ModelError(f"{self.name!r} is not trained yet: the same `afl flower train` goes on with it")
        from afl.flower.language_model import LanguageModel

        return LanguageModel.load(self.model_dir)

    def write_json(self, filename: str, content: Any) -> None:
        """Writes JSON beside the record, in one step; of several processes the first does."""
        if not is_main_process():
            return
        _replace(self.folder / filename, json_safe(json.dumps(content, ensure_ascii=False, indent=1)))

    def _write(self) -> None:
        record = {"version": VERSION, "task": self.task, "config": self.config, "log": self.log}
        self.write_json("flower.json", record)


def _folder(root: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name: got {name!r}, expected letters, digits, dots, dashes and underscores")
    return root / name


def _require_equal(kept: StoredModel, wanted: Mapping[str, Any]) -> None:
    known = {"task": kept.task, **kept.config}
    for key in sorted(known.keys() | wanted.keys()):
        if known.get(key) != wanted.get(key):
            raise ConflictError(
                f"{kept.name!r} was begun with {key} {known.get(key)!r}, not {wanted.get(key)!r}; "
                "take another --name, or --retrain to begin anew"
            )


def _replace(path: Path, text: str) -> None:
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from None
