"""Reads untrusted pickles: only the constructors of pandas and numpy are allowed, nothing else is ever called.

A pickle is a program; a plain `pickle.load` runs whatever its author wrote. Here every name that it imports is looked
up in an allowlist, and any other name ends the import.
"""

import importlib
import io
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from afl.errors import DataError, first_line
from afl.extras import optional_imports

# The names that pandas and numpy (1.x and 2.x) write for a frame of numbers and lists.
_FRAME_GLOBALS = frozenset(
    {
        ("builtins", "slice"),
        ("__builtin__", "slice"),
        ("builtins", "bytearray"),
        ("__builtin__", "bytearray"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy.core.multiarray", "scalar"),
        ("numpy._core.multiarray", "scalar"),
        ("numpy.core.numeric", "_frombuffer"),
        ("numpy._core.numeric", "_frombuffer"),
        ("pandas", "DataFrame"),
        ("pandas", "Index"),
        ("pandas", "RangeIndex"),
        ("pandas.core.frame", "DataFrame"),
        ("pandas.core.indexes.base", "Index"),
        ("pandas.core.indexes.base", "_new_Index"),
        ("pandas.core.indexes.range", "RangeIndex"),
        ("pandas.core.internals.managers", "BlockManager"),
        ("pandas._libs.internals", "_unpickle_block"),
    }
)
# Names that have moved since the pickle was written.
_MOVED = {
    ("pandas.core.indexes.numeric", "Int64Index"): ("pandas.core.indexes.base", "Index"),
    ("pandas.core.internals.blocks", "new_block"): ("pandas._libs.internals", "_unpickle_block"),
}


class _Forbidden(pickle.UnpicklingError):
    """The pickle imports a name that is not on the allowlist."""


class _Unpickler(pickle.Unpickler):
    def __init__(self, content: bytes, allowed: frozenset[tuple[str, str]]) -> None:
        super().__init__(io.BytesIO(content))
        self._allowed = allowed

    def find_class(self, module: str, name: str) -> Any:
        target = _MOVED.get((module, name), (module, name))
        if self._allowed and target == ("_codecs", "encode"):
            return _latin1
        if target not in self._allowed:
            raise _Forbidden(f"it imports {module}.{name}, which plain data does not need")
        return getattr(importlib.import_module(_current_module(target[0])), target[1])


def read_frame(path: Path, columns: Sequence[str]) -> dict[str, list[Any]]:
    """The named columns of a pickled pandas frame, as lists of plain Python values.

    Raises `DataError` where the file is no frame or lacks a column, `UsageError` where pandas is missing.
    """
    with optional_imports("llara", f"the pickled frame {path}"):
        import pandas  # type: ignore[import-untyped]
    frame = _load(path, _FRAME_GLOBALS)
    if not isinstance(frame, pandas.DataFrame):
        raise DataError(f"{path}: got a pickled {type(frame).__name__}, expected a pandas DataFrame")
    try:
        missing = [name for name in columns if name not in frame.columns]
        if missing:
            columns_found = ", ".join(map(str, frame.columns))
            raise DataError(f"{path}: column {missing[0]!r} is missing; available: {columns_found}")
        return {name: frame[name].tolist() for name in columns}
    except (AttributeError, TypeError, ValueError, IndexError, KeyError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"{path}: the pickled frame is damaged ({first_line(error, type(error).__name__)})"
        ) from None


def read_plain(path: Path) -> Any:
    """A pickle of lists, dicts, strings and numbers; `DataError` where it holds anything else."""
    return _load(path, frozenset())


def _load(path: Path, allowed: frozenset[tuple[str, str]]) -> Any:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        return _Unpickler(content, allowed).load()
    except _Forbidden as error:
        raise DataError(f"{path}: refused to unpickle: {error}") from None
    except Exception as error:  # a damaged pickle can raise anything
        raise DataError(f"{path}: not a readable pickle ({first_line(error, type(error).__name__)})") from None


def _current_module(module: str) -> str:
    return module.replace("numpy.core", "numpy._core").replace("__builtin__", "builtins")


def _latin1(text: str, encoding: str) -> bytes:
    """How protocol 2 writes bytes; the real `_codecs.encode` would take any codec."""
    if encoding != "latin1":
        raise _Forbidden(f"it uses the codec {encoding!r}, expected latin1")
    return text.encode("latin1")
