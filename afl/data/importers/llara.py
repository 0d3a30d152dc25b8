"""`llara`: the pickled layout of the LLaRA and AFL authors, and its user-simulation data.

A folder holds either `train_data.df`, `Val_data.df`, `Test_data.df` (columns `seq`, `len_seq`, `next`; ten items
per row, padded at the end) or `test_llara.pkl` (a list of users, each with `artist_list` and `full_list`), beside
the titles: `id2name*.txt` (`id::name`, UTF-8) or MovieLens' `u.item` (ISO-8859-1).
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from afl.data import domains
from afl.data.catalogue import Attributes, Catalogue
from afl.data.dataset import Dataset, Sequences, Split
from afl.data.dataset import Sequence as UserSequence
from afl.data.importers import ImportOptions
from afl.data.importers._files import data_folder, lines_of, only_file
from afl.data.importers._titles import GENRES
from afl.data.safe_unpickler import read_frame, read_plain
from afl.errors import DataError

HELD_OUT = 10
"""Items at the end of an `artist_list` that the user-simulation task asks about."""

_FRAMES = {Split.TRAIN: "train_data.df", Split.VALID: "Val_data.df", Split.TEST: "Test_data.df"}
_USERS = "test_llara.pkl"


def import_llara(path: Path | None, options: ImportOptions) -> Dataset:
    """The data set in this folder, with its authors' split.

    Ids are row numbers: `"0"`, `"1"`, ... for test rows, `"valid-0"`, ... and `"train-0"`, ... for the others. A
    validation or test sequence is what its one row shows: up to ten items and the next. Training rows are windows
    that grow along a sequence; they are joined back into sequences.

    Raises `DataError` naming the file (and row) that does not follow the layout.
    """
    folder = data_folder(path, "llara")
    catalogue, ids = _catalogue(folder)
    if (folder / _USERS).is_file():
        splits, notes = _simulation_users(folder / _USERS, ids)
    else:
        splits, notes = _windows(folder, ids)
    wording = domains.choose_domain(options.domain, folder.name)
    return Dataset(options.name, "llara", wording, catalogue, splits, notes)


# ---- titles


def _catalogue(folder: Path) -> tuple[Catalogue, dict[int, int]]:
    """The catalogue in the order of the file of titles, and the item of each id."""
    if (folder / "u.item").is_file():
        file = folder / "u.item"
        entries = [_movie(line, number, file) for number, line in lines_of(file, encoding="iso-8859-1")]
    else:
        file = only_file(folder, "id2name*.txt")
        entries = [_name(line, number, file) for number, line in lines_of(file)]
    if not entries:
        raise DataError(f"{file}: it is empty, expected one item a line")
    ids = {key: item for item, (key, _, _) in enumerate(entries)}
    catalogue = Catalogue.build(
        keys=[str(key) for key, _, _ in entries],
        titles=[title for _, title, _ in entries],
        attributes=[attributes for _, _, attributes in entries],
    )
    return catalogue, ids


def _name(line: str, number: int, file: Path) -> tuple[int, str, Attributes]:
    key, separator, name = line.partition("::")
    if not separator or not key.strip().isdecimal():
        raise DataError(f"{file}, line {number}: got {line[:60]!r}, expected id::name")
    return int(key), name, {}


def _movie(line: str, number: int, file: Path) -> tuple[int, str, Attributes]:
    """MovieLens counts from 1, the frames from 0; `Usual Suspects, The (1995)` reads `The Usual Suspects`."""
    fields = line.split("|")
    if len(fields) < 2 or not fields[0].strip().isdecimal():
        raise DataError(f"{file}, line {number}: got {line[:60]!r}, expected id|title|...")
    dated = re.fullmatch(r"(.*?)\s*\((\d{4})\)\s*", fields[1], re.DOTALL)
    title, year = dated.groups() if dated else (fields[1].rstrip(), None)
    title = re.sub(r"(.*), (The|An|A)", r"\2 \1", title)
    genres = tuple(genre for genre, flag in zip(GENRES, fields[5:], strict=False) if flag == "1")
    attributes = {"year": (year,) if year else (), "genre": genres}
    return int(fields[0]) - 1, title, {name: values for name, values in attributes.items() if values}


# ---- train, validation and test frames


def _windows(folder: Path, ids: dict[int, int]) -> tuple[dict[Split, Sequences], dict[str, str]]:
    missing = [name for name in _FRAMES.values() if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{folder}: {missing[0]} is missing, expected {', '.join(_FRAMES.values())} or {_USERS}")
    statistics = folder / "data_statis.df"
    pad = _item_id(read_frame(statistics, ["item_num"])["item_num"][0]) if statistics.is_file() else len(ids)
    rows = {split: _frame_rows(folder / name, pad, ids) for split, name in _FRAMES.items()}
    joined = _join_windows(rows[Split.TRAIN])
    splits = {
        Split.TRAIN: Sequences.of([UserSequence(f"train-{n}", items) for n, items in enumerate(joined)]),
        Split.VALID: Sequences.of(
            [UserSequence(f"valid-{n}", items) for n, items in enumerate(rows[Split.VALID])]
        ),
        Split.TEST: Sequences.of([UserSequence(str(n), items) for n, items in enumerate(rows[Split.TEST])]),
    }
    return splits, {
        "split": "the source's own, by sequence",
        "train": f"{len(rows[Split.TRAIN])} windows joined into {len(joined)} sequences",
    }


def _frame_rows(file: Path, pad: int, ids: dict[int, int]) -> list[tuple[int, ...]]:
    """Each row as items: its window without padding, then the next item."""
    frame = read_frame(file, ["seq", "next"])
    rows = []
    for number, (window, following) in enumerate(zip(frame["seq"], frame["next"], strict=True)):
        try:
            history = [item for item in map(_item_id, window) if item != pad]
            rows.append(tuple(ids[item] for item in (*history, _item_id(following))))
        except KeyError as error:
            raise DataError(f"{file}, row {number}: item {error} has no title") from None
        except (TypeError, ValueError):
            raise DataError(
                f"{file}, row {number}: got {window!r:.60} -> {following!r:.20}, expected ids"
            ) from None
    return rows


def _item_id(entry: Any) -> int:
    """An id, or the id of an (id, rating) pair, as the MovieLens frames have them."""
    return int(entry[0] if isinstance(entry, tuple | list) else entry)


def _join_windows(rows: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Sequences from growing windows: a row continues the last sequence if its window is the end of it."""
    joined: list[list[int]] = []
    for *window, following in rows:
        if window and joined and joined[-1][-len(window) :] == window:
            joined[-1].append(following)
        else:
            joined.append([*window, following])
    return [tuple(items) for items in joined]


# ---- the user-simulation task


def _simulation_users(file: Path, ids: dict[int, int]) -> tuple[dict[Split, Sequences], dict[str, str]]:
    users = read_plain(file)
    if not isinstance(users, list):
        raise DataError(f"{file}: got a pickled {type(users).__name__}, expected a list of users")
    none = Sequences.of([])
    test = Sequences.of([_simulation_user(number, user, file, ids) for number, user in enumerate(users)])
    notes = {
        "split": "the source's own: test only",
        "order": f"shuffled by the source: neither histories nor the {HELD_OUT} held-out items are in time order",
    }
    return {Split.TRAIN: none, Split.VALID: none, Split.TEST: test}, notes


def _simulation_user(number: int, user: Any, file: Path, ids: dict[int, int]) -> UserSequence:
    try:
        listed, full = _items(user["artist_list"], ids), _items(user["full_list"], ids)
    except KeyError as error:
        raise DataError(f"{file}, user {number}: {error} is neither a field nor an item with a title") from None
    except (TypeError, ValueError):
        raise DataError(f"{file}, user {number}: expected lists artist_list and full_list of item ids") from None
    if len(listed) < HELD_OUT + 2:
        raise DataError(f"{file}, user {number}: got {len(listed)} items, expected at least {HELD_OUT + 2}")
    return UserSequence(str(number), listed[:-HELD_OUT], held_out=listed[-HELD_OUT:], touched=full)


def _items(listed: Sequence[Any], ids: dict[int, int]) -> tuple[int, ...]:
    return tuple(ids[int(item)] for item in listed)
