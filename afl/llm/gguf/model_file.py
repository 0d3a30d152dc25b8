"""The file of a local model: found by path or by name, and hashed."""

import hashlib
import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from afl.errors import DataError, NotFoundError, StorageError, name_hint

SUFFIX = ".gguf"
_MAGIC = b"GGUF"
_PART = re.compile(r"(.+)-00001-of-(\d{5})")
"""The name of the first file of a model that was split."""


def find_model_file(argument: str, folder: Path, fetchable: Collection[str] = ()) -> Path:
    """The file that `gguf:ARGUMENT` means: a path, or the name of a model in `folder`.

    Raises `NotFoundError` where there is none, which names the models that can be fetched; `DataError` for a file of
    another format.
    """
    path = Path(argument).expanduser()
    if path.name == argument and path.suffix.lower() != SUFFIX:
        named = folder / f"{argument}{SUFFIX}"
        path = named if named.is_file() or not path.is_file() else path
        if not path.is_file():
            raise _unknown(argument, folder, fetchable)
    elif not path.is_file():
        raise NotFoundError(
            f"gguf:{argument}: there is no such file; a small model to begin with: afl llm fetch smollm2"
        )
    _require_format(path)
    return path


def model_names(folder: Path) -> list[str]:
    """The names of the models in this folder."""
    return sorted(path.stem for path in folder.glob(f"*{SUFFIX}"))


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file; of a model that was split into several, that of all their SHA-256s in order.

    Raises `StorageError` where it cannot be read.
    """
    try:
        hashes = [_sha256(part, part.stat().st_size, part.stat().st_mtime_ns) for part in _parts(path)]
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror or error})") from None
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()


@lru_cache(maxsize=16)
def _sha256(path: Path, size: int, modified: int) -> str:
    """Read once in a process, as long as nobody changes the file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parts(path: Path) -> list[Path]:
    """The files of a model, which llama.cpp loads together with the first."""
    split = _PART.fullmatch(path.stem)
    if split is None:
        return [path]
    stem, count = split[1], int(split[2])
    return [path.with_name(f"{stem}-{part:05d}-of-{count:05d}{path.suffix}") for part in range(1, count + 1)]


def _require_format(path: Path) -> None:
    try:
        with path.open("rb") as file:
            start = file.read(len(_MAGIC))
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror or error})") from None
    if start != _MAGIC:
        raise DataError(f"{path}: not a GGUF file, which begins with {_MAGIC!r}; this one begins with {start!r}")


def _unknown(name: str, folder: Path, fetchable: Collection[str]) -> NotFoundError:
    if name in fetchable:
        return NotFoundError(f"gguf:{name}: the model is not there yet; get it with: afl llm fetch {name}")
    hint = name_hint(name, [*model_names(folder), *fetchable])
    return NotFoundError(f"no local model is called {name!r}; {hint}, or the path of a file")
