"""Flower models on disk: `AFL_HOME/flower/NAME/`, safetensors and JSON, readable without AFL.

flower.json           task, configuration and, once training is done, its log
training.safetensors  checkpoint of an unfinished training
model/                weights, configuration and tokenizer, as `transformers` (or `peft`) saves them
target.json           the target distribution, where that is the task
evaluation.json       the last evaluation (`afl.flower.stored_evaluation`)
"""

import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from afl.atomic_write import write_atomically
from afl.errors import ConflictError, ModelError, NotFoundError, StorageError, UsageError, first_line, name_hint
from afl.flower.distributed import is_main_process, main_process_first
from afl.sanitize import json_safe

if TYPE_CHECKING:  # listing models must not load torch
    from afl.flower.language_model import LanguageModel

VERSION = 1
"""Version of the layout."""
_CHUNK_BYTES = 1 << 20
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Destination(NamedTuple):
    """Where a trained model is stored."""

    root: Path
    """The folder of all models."""
    name: str
    retrain: bool = False
    """Whether the model replaces one of this name; otherwise its training is resumed."""


@dataclass(frozen=True)
class StoredModel:
    """A model and its training on disk, finished or not."""

    folder: Path
    task: str
    config: Mapping[str, Any]
    """JSON: everything that determines the weights."""
    log: Mapping[str, Any] | None
    """JSON: result of the training; None until it has finished."""

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def checkpoint_file(self) -> Path:
        """The checkpoint of an unfinished training."""
        return self.folder / "training.safetensors"

    @property
    def model_dir(self) -> Path:
        return self.folder / "model"

    @property
    def finished(self) -> bool:
        return self.log is not None

    @classmethod
    def begin(cls, destination: Destination, task: str, config: Mapping[str, Any]) -> Self:
        """The stored training of this name and configuration; a new one where there is none, or with `retrain`.

        Raises `UsageError` for an invalid name, `ConflictError` where the name belongs to a training with another
        configuration, `StorageError` where the folder cannot be written.
        """
        with main_process_first():
            return cls._begin(destination, task, config)

    @classmethod
    def _begin(cls, destination: Destination, task: str, config: Mapping[str, Any]) -> Self:
        folder = _folder(destination.root, destination.name)
        config = json.loads(json.dumps(config))  # as it will be read back
        if folder.exists() and not (destination.retrain and is_main_process()):
            stored = cls.read(destination.root, destination.name)
            _require_same_config(stored, {"task": task, **config})
            return stored
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be written ({error.strerror or error})") from None
        stored = cls(folder, task, config, None)
        stored._write_record()
        return stored

    @classmethod
    def read(cls, root: Path, name: str) -> Self:
        """The stored model of this name; `NotFoundError` where there is none, `ModelError` where it cannot be read."""
        folder = _folder(root, name)
        path = folder / "flower.json"
        if not path.is_file():
            existing = [file.parent.name for file in root.glob("*/flower.json")]
            hint = name_hint(name, existing)
            raise NotFoundError(
                f"no Flower model is called {name!r}; {hint}; `afl flower train --name {name}` trains one"
            )
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            if record["version"] != VERSION:
                raise ValueError(f"layout {record['version']}, expected {VERSION}")
            return cls(folder, str(record["task"]), dict(record["config"]), record["log"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: cannot be read ({first_line(error)}); train {name!r} again") from None

    def finish(self, model: "LanguageModel", log: Mapping[str, Any]) -> Self:
        """Saves the trained model and the training's log, and deletes the checkpoint."""
        trained = type(self)(self.folder, self.task, self.config, json.loads(json.dumps(log)))
        if is_main_process():
            model.save(self.model_dir)
            trained._write_record()
            self.checkpoint_file.unlink(missing_ok=True)
        return trained

    def load_model(self) -> "LanguageModel":
        """The trained model; `ModelError` where training has not finished."""
        self.require_finished()
        from afl.flower.language_model import LanguageModel

        return LanguageModel.load(self.model_dir)

    def require_finished(self) -> None:
        """Raises `ModelError` where training has not finished."""
        if not self.finished:
            raise ModelError(
                f"{self.name!r} is not fully trained; rerun the same `afl flower train` command to resume its training"
            )

    def write_json(self, filename: str, content: Any) -> None:
        """Writes JSON into the model's folder, atomically; of several processes only the main one writes."""
        if not is_main_process():
            return
        text = json_safe(json.dumps(content, ensure_ascii=False, indent=1))
        write_atomically(self.folder / filename, text.encode())

    def _write_record(self) -> None:
        record = {"version": VERSION, "task": self.task, "config": self.config, "log": self.log}
        self.write_json("flower.json", record)


def stored_models(root: Path) -> list[StoredModel]:
    """The models below `root`, by name, finished or not; none is loaded, and unreadable ones are skipped."""
    return list(_readable_models(root))


def model_hash(stored: StoredModel) -> str:
    """SHA-256 (hex) over task, configuration and every file of the model: equal for equal scores.

    Of a LoRA model's base model only the name is included. Raises `ModelError` where training has not finished.
    """
    stored.require_finished()
    digest = hashlib.sha256(json.dumps([stored.task, dict(stored.config)], sort_keys=True).encode())
    for path in sorted(path for path in stored.model_dir.rglob("*") if path.is_file()):
        digest.update(json.dumps([path.relative_to(stored.model_dir).as_posix(), path.stat().st_size]).encode())
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                digest.update(chunk)
    return digest.hexdigest()


def _readable_models(root: Path) -> Iterator[StoredModel]:
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            yield StoredModel.read(root, folder.name)
        except (ValueError, LookupError, ModelError):
            continue


def _folder(root: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise UsageError(f"--name: got {name!r}, expected letters, digits, dots, dashes and underscores")
    return root / name


def _require_same_config(stored: StoredModel, config: Mapping[str, Any]) -> None:
    stored_config = {"task": stored.task, **stored.config}
    for key in sorted(stored_config.keys() | config.keys()):
        if stored_config.get(key) != config.get(key):
            raise ConflictError(
                f"the training {stored.name!r} has {key} {stored_config.get(key)!r}, not {config.get(key)!r}; "
                "choose another --name, or add --retrain to train it again from the start"
            )
