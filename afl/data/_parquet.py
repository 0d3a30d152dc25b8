"""Catalogues and sequences as parquet files; `ValueError` where a file cannot be read."""

from collections.abc import Callable
from functools import wraps
from itertools import pairwise
from pathlib import Path
from typing import ParamSpec, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from afl.data.catalogue import Catalogue
from afl.data.dataset import Sequences
from afl.errors import first_line

P = ParamSpec("P")
T = TypeVar("T")

_ATTRIBUTE = "attribute:"


def _value_errors(read: Callable[[Path], T]) -> Callable[[Path], T]:
    """Turns polars' own errors, and its panics on damaged files, into `ValueError`."""

    @wraps(read)
    def reader(file: Path) -> T:
        try:
            return read(file)
        except FileNotFoundError:
            raise FileNotFoundError(2, "is missing", str(file)) from None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
            raise ValueError(f"{file.name}: {first_line(error, 'unreadable')}") from None

    return reader


def write_catalogue(catalogue: Catalogue, file: Path) -> None:
    names = sorted({name for attributes in catalogue.attributes for name in attributes})
    columns = {_ATTRIBUTE + name: [a.get(name) for a in catalogue.attributes] for name in names}
    frame = pl.DataFrame(
        {"key": catalogue.keys, "title": catalogue.titles, **columns},
        schema={"key": pl.String, "title": pl.String, **dict.fromkeys(columns, pl.List(pl.String))},
    )
    frame.write_parquet(file)


@_value_errors
def read_catalogue(file: Path) -> Catalogue:
    frame = pl.read_parquet(file)
    attributes: list[dict[str, tuple[str, ...]]] = [{} for _ in range(len(frame))]
    for column in frame.columns[2:]:
        name = column.removeprefix(_ATTRIBUTE)
        for of_item, values in zip(attributes, frame[column].to_list(), strict=True):
            if values is not None:
                of_item[name] = tuple(values)
    return Catalogue(tuple(frame["key"].to_list()), tuple(frame["title"].to_list()), tuple(attributes))


def write_sequences(sequences: Sequences, file: Path) -> None:
    columns = {
        "id": pl.Series(sequences.ids, dtype=pl.String),
        "items": _nested(sequences.items, sequences.offsets),
    }
    if sequences.timestamps is not None:
        columns["timestamps"] = _nested(sequences.timestamps, sequences.offsets)
    for name in ("held_out", "touched", "candidates"):
        lists = getattr(sequences, name)
        if lists is not None:
            columns[name] = pl.Series([list(items) for items in lists], dtype=pl.List(pl.Int32))
    pl.DataFrame(columns).write_parquet(file)


@_value_errors
def read_sequences(file: Path) -> Sequences:
    frame = pl.read_parquet(file)
    lengths = frame["items"].list.len().to_numpy()
    return Sequences(
        ids=frame["id"].to_list(),
        items=_flat(frame["items"]).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        timestamps=_flat(frame["timestamps"]).astype(np.int64) if "timestamps" in frame.columns else None,
        held_out=_tuples(frame, "held_out"),
        touched=_tuples(frame, "touched"),
        candidates=_tuples(frame, "candidates"),
    )


def _nested(flat: NDArray[np.generic], offsets: NDArray[np.int64]) -> pl.Series:
    lists = [flat[begin:end] for begin, end in pairwise(offsets.tolist())]
    nested = pl.List(pl.Series(flat[:0]).dtype)
    # Polars infers its Array type for arrays of equal length, whatever dtype is given.
    return pl.Series(lists, dtype=nested).cast(nested)


def _flat(nested: pl.Series) -> NDArray[np.generic]:
    # An empty list would explode into one missing value.
    return nested.filter(nested.list.len() > 0).explode().to_numpy()


def _tuples(frame: pl.DataFrame, name: str) -> list[tuple[int, ...]] | None:
    return [tuple(items) for items in frame[name].to_list()] if name in frame.columns else None
