"""`flower`: Amazon reviews of 2018 in the layout of the authors of Flower, one category of several.

A folder holds `info/CATEGORY_5_*.txt` (`title<TAB>id`, ids 0, 1, ... in order), `cache/CATEGORY_YEAR/train.pkl` and
`eval.pkl` (pickled frames with `seq`, ten items padded at the end, `len_seq` and `next`), and the tests as
`test/CATEGORY_5_*.csv`, whose lists are Python literals, which are parsed without being executed.
`info/CATEGORY_title_interaction_*.json` (how often each title occurs in training histories) is checked if it exists.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequences, Split
from afl.data.dataset import Sequence as UserSequence
from afl.data.importers import ImportOptions
from afl.data.importers._files import data_folder, entries_of, lines_of, only_file, text_of
from afl.data.importers._records import MALFORMED, parse_literal
from afl.data.safe_unpickler import read_frame
from afl.errors import DataError, UsageError
from afl.option import DATA, Option

WINDOW = 10
"""Maximum number of items in a history."""

Example = tuple[int, ...]
"""A history of one to ten items, and the item that came next."""

_TEST_COLUMNS = ("user_id", "history_item_id", "item_id", "history_item_title", "item_title")


class UserRow(NamedTuple):
    """A line of the test file."""

    user: str
    example: tuple[int, ...]
    """The history, then the item that came next."""


def import_flower(
    path: Path | None,
    options: ImportOptions,
    *,
    category: Annotated[
        str | None, Option("Category of a flower folder: Video_Games, CDs_and_Vinyl, ...", DATA, metavar="NAME")
    ] = None,
) -> Dataset:
    """One category of this folder, with its authors' split by time.

    Training examples are windows that grow along a user's sequence, those of all users in order of time; they are
    joined back into sequences, each window exactly once. A validation or test sequence is its one row: a history of
    one to ten items, and the next. Ids are row numbers: `"0"`, `"1"`, ... for tests, `"valid-0"` and `"train-0"`.

    Raises `DataError` naming file, line or row and reason, `UsageError` for a missing or unknown category.
    """
    folder = _folder(data_folder(path, "flower"))
    category = _category(folder, category)
    info = only_file(folder / "info", f"{category}_5_*.txt")
    titles = _titles(info)
    cache = _cache(folder, category)
    train, valid = (_examples(cache / name, len(titles)) for name in ("train.pkl", "eval.pkl"))
    test = _read_tests(only_file(folder / "test", f"{category}_5_*.csv"), titles)
    joined = join_windows(train)
    splits = {
        Split.TRAIN: Sequences.of([UserSequence(f"train-{n}", items) for n, items in enumerate(joined.sequences)]),
        Split.VALID: Sequences.of([UserSequence(f"valid-{n}", items) for n, items in enumerate(valid)]),
        Split.TEST: Sequences.of(_test_sequences(test)),
    }
    wording = domains.choose_domain(options.domain, category)
    catalogue = Catalogue.build([str(item) for item in range(len(titles))], titles)
    notes = _notes(category, train, joined, [row.example for row in test], titles)
    count_notes = _title_count_notes(folder, category, train, titles)
    return Dataset(options.name, "flower", wording, catalogue, splits, notes | count_notes)


# ---- files


def _folder(path: Path) -> Path:
    """The folder itself, or its only subfolder with a folder `info`."""
    inside = [entry for entry in (path, *entries_of(path)) if (entry / "info").is_dir()]
    if path not in inside and len(inside) != 1:
        raise DataError(f"{path}: info is missing, expected the folder with info, cache and test")
    return path if path in inside else inside[0]


def _category(folder: Path, option: str | None) -> str:
    categories = sorted({file.name.partition("_5_")[0] for file in (folder / "info").glob("*_5_*.txt")})
    category = option or (categories[0] if len(categories) == 1 else None)
    if category not in categories:
        got = f"got --category {option}" if option else "no --category was given"
        raise UsageError(f"{folder}: {got}, expected one of: {', '.join(categories) or 'the folder has none'}")
    return category


def _cache(folder: Path, category: str) -> Path:
    folders = [entry for entry in (folder / "cache").glob(f"{category}_*") if entry.is_dir()]
    if len(folders) != 1:
        names = ", ".join(sorted(entry.name for entry in folders)) or "none"
        raise DataError(f"{folder / 'cache'}: expected one folder {category}_YEAR, got {names}")
    return folders[0]


def _titles(file: Path) -> list[str]:
    """The title of each item, as written."""
    titles: list[str] = []
    for number, line in lines_of(file):
        title, tab, key = line.rpartition("\t")
        if not tab or not title.strip() or key.strip() != str(len(titles)):
            raise DataError(f"{file}, line {number}: got {line[:60]!r}, expected title<TAB>{len(titles)}")
        titles.append(title)
    if not titles:
        raise DataError(f"{file}: it is empty, expected title<TAB>id, one item a line")
    return titles


def _examples(file: Path, items: int) -> list[Example]:
    """Each row of a frame without its padding: the history, then the next item."""
    frame = read_frame(file, ["seq", "len_seq", "next"])
    rows = enumerate(zip(frame["seq"], frame["len_seq"], frame["next"], strict=True))
    return [_example(file, number, *row, items=items) for number, row in rows]


def _example(file: Path, number: int, window: Any, length: Any, following: Any, *, items: int) -> Example:
    try:
        history, padding = list(window[:length]), list(window[length:])
        are_items = all(type(item) is int and 0 <= item < items for item in (*history, following))
        is_padded = 0 < length <= WINDOW and len(history) == length and all(item == items for item in padding)
    except TypeError:
        are_items = is_padded = False
    if not (are_items and is_padded):
        raise DataError(
            f"{file}, row {number}: got {window!r:.60} of length {length!r:.10} -> {following!r:.20}, expected "
            f"1 to {WINDOW} item numbers below {items}, padded with {items}"
        )
    return (*history, following)


# ---- training sequences


class JoinedWindows(NamedTuple):
    """Training sequences joined from windows."""

    sequences: list[Example]
    orphans: int
    """Rows without preceding rows: they start a sequence in the middle of a user's."""


def join_windows(rows: Iterable[Example]) -> JoinedWindows:
    """Sequences whose windows are exactly these rows, in the order in which they begin.

    A row continues a sequence that equals its history (from ten items on, a sequence with the same last ten items).
    Where several match, the choice does not change the resulting set of windows.
    """
    open_at: dict[Example, list[int]] = {}
    sequences: list[list[int]] = []
    orphans = 0
    for row in _in_order(rows):
        *history, following = row
        waiting = open_at.get(tuple(history))
        if waiting:
            number = waiting.pop()
            sequences[number].append(following)
        else:
            orphans += len(history) > 1
            number = len(sequences)
            sequences.append([*history, following])
        open_at.setdefault(tuple(sequences[number][-WINDOW:]), []).append(number)
    return JoinedWindows([tuple(items) for items in sequences], orphans)


def _in_order(rows: Iterable[Example]) -> list[Example]:
    """Short windows first: the files do not order a user's rows of the same second."""
    return sorted(rows, key=len)


# ---- tests


def _read_tests(file: Path, titles: Sequence[str]) -> list[UserRow]:
    """The rows in file order; `DataError` names the malformed line.

    Items are given by number and by title; the two must agree.
    """
    lines = csv.DictReader(io.StringIO(text_of(file), newline=""), strict=True)
    try:
        missing = [name for name in _TEST_COLUMNS if name not in (lines.fieldnames or ())]
        if missing:
            names = ", ".join(lines.fieldnames or ()) or "none"
            raise DataError(f"{file}, line 1: column {missing[0]!r} is missing; available: {names[:120]}")
        return [_test_row(f"{file}, line {lines.line_num}", cells, titles) for cells in lines]
    except csv.Error as error:
        raise DataError(f"{file}, line {lines.line_num}: not CSV ({error})") from None


def _test_row(where: str, cells: Mapping[str | None, Any], titles: Sequence[str]) -> UserRow:
    if None in cells or None in cells.values():
        raise DataError(f"{where}: got more or fewer fields than columns, expected one per column")
    history = _list(where, "history_item_id", cells["history_item_id"])
    example = (*history, _literal(cells["item_id"]))
    invalid = [item for item in example if type(item) is not int or not 0 <= item < len(titles)]
    if invalid or not history:
        got = f"item {invalid[0]!r:.40}" if invalid else "no history"
        raise DataError(f"{where}: got {got}, expected item numbers below {len(titles)}")
    row_titles = [*_list(where, "history_item_title", cells["history_item_title"]), cells["item_title"]]
    if row_titles != [titles[item] for item in example]:
        raise DataError(
            f"{where}: titles are not those of the items, expected {titles[example[-1]]!r:.60} at the end"
        )
    return UserRow(cells["user_id"], example)


def _list(where: str, column: str, text: str) -> list[Any]:
    value = _literal(text)
    if not isinstance(value, list):
        raise DataError(f"{where}: {column} is {text[:40]!r}, expected a list")
    return value


def _literal(text: str) -> Any:
    """The value, or None where the text is no literal."""
    try:
        return parse_literal(text)
    except MALFORMED:
        return None


def _test_sequences(rows: Sequence[UserRow]) -> list[UserSequence]:
    """One sequence per row; the items in all rows of the same user count as touched."""
    touched: dict[str, set[int]] = {}
    for row in rows:
        touched.setdefault(row.user, set()).update(row.example)
    return [
        UserSequence(str(number), row.example, touched=tuple(sorted(touched[row.user] - set(row.example))))
        for number, row in enumerate(rows)
    ]


# ---- notes


def _notes(
    category: str, train: Sequence[Example], joined: JoinedWindows, test: Sequence[Example], titles: Sequence[str]
) -> dict[str, str]:
    shared_titles = {title: count for title, count in Counter(titles).items() if count > 1}
    training_rows = set(train)
    repeated = {
        name: sum(row[-1] in row[:-1] for row in rows) for name, rows in (("train", train), ("test", test))
    }
    notes = {
        "category": category,
        "split": "the source's own, by time over all examples: users are on both sides of it",
        "train": f"{len(train)} windows joined into {len(joined.sequences)} sequences",
        "titles": f"{len(set(titles))} distinct titles; {len(shared_titles)} are shared by "
        f"{sum(shared_titles.values())} items and made unique by their number",
        "repeats": f"the next item is in its history in {repeated['train']} of {len(train)} training and "
        f"{repeated['test']} of {len(test)} test rows",
        "overlap": f"{sum(row in training_rows for row in test)} of {len(test)} test rows, history and target, "
        "are training rows too",
    }
    if joined.orphans:
        notes["orphans"] = f"{joined.orphans} training rows have no earlier row to continue"
    return notes


def _title_count_notes(
    folder: Path, category: str, train: Iterable[Example], titles: Sequence[str]
) -> dict[str, str]:
    """The note that compares the title counts of the training histories with those of the source, if it has any."""
    files = sorted((folder / "info").glob(f"{category}_title_interaction_*.json"))
    if not files:
        return {}
    ours = Counter(titles[item] for row in train for item in row[:-1])
    try:
        theirs = dict(json.loads(text_of(files[0])))
    except (ValueError, TypeError):
        raise DataError(f"{files[0]}: not JSON, expected one object of title and count") from None
    differing = sum(ours[title] != theirs.get(title, 0) for title in {*ours, *theirs})
    summary = f"{len(ours)} titles, {ours.total()} occurrences in training histories"
    agreement = "as the source counts" if not differing else f"the source counts {differing} titles otherwise"
    return {"title counts": f"{summary}; {agreement}"}
