"""`re2llm`: the movie sessions of the Re2LLM authors, with their candidate lists and item metadata.

A folder holds `example_train.txt` and `example_test.txt` (pickles despite the suffix: a list of [history, target,
candidates] in HetRec movie ids) and the HetRec tables `movies.dat`, `movie_genres.dat`, `movie_directors.dat`,
`movie_countries.dat` (ISO-8859-1, tab-separated, with a header).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from afl.data import domains
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Sequences, Split
from afl.data.dataset import Sequence as Session
from afl.data.importers import ImportOptions
from afl.data.importers._files import data_folder
from afl.data.importers._hetrec import movie_attributes, rows, unquoted
from afl.data.safe_unpickler import read_plain
from afl.draws import generator
from afl.errors import DataError

_FILES = {Split.TRAIN: "example_train.txt", Split.TEST: "example_test.txt"}
_TITLES = "movies.dat"


def import_re2llm(path: Path | None, options: ImportOptions) -> Dataset:
    """The sessions in this folder, or in its subfolder `movie`, with their authors' split.

    A session's id consists of file and row: `train-0`, `test-17`. A session with the history and target of an earlier
    one is left out, so that none is in both training and test. In candidate lists, repeated items and items of the
    history are replaced by other movies; the draw depends only on the session's id. There are no validation sessions.

    Raises `DataError` naming file and row or line that does not follow the layout.
    """
    folder = data_folder(path, "re2llm")
    if not (folder / _TITLES).is_file() and (folder / "movie").is_dir():
        folder = folder / "movie"
    all_rows = [row for split, name in _FILES.items() for row in _rows(folder / name, split)]
    catalogue, left_out = _catalogue(folder, {item for row in all_rows for item in row.items})
    distinct_rows, repeated = _without_repeats(all_rows)
    sessions = list(_sessions(distinct_rows, catalogue.index))
    return Dataset(
        name=options.name,
        format="re2llm",
        domain=domains.get_domain(options.domain or "movie"),
        catalogue=catalogue,
        splits={
            split: Sequences.of([session for of_split, session, _ in sessions if of_split == split])
            for split in Split
        },
        notes=_notes(repeated, [replaced for _, _, replaced in sessions], left_out),
    )


def _notes(repeated: Mapping[Split, int], replaced: Sequence[int], left_out: int) -> dict[str, str]:
    return {
        "split": "the source's own, by session; it has no validation sessions",
        "met before": f"{repeated[Split.TRAIN]} training and {repeated[Split.TEST]} test sessions, history and target, "
        "had been met and are left out",
        "candidates": f"the source's own; {sum(map(bool, replaced))} lists held an item twice or one of the history: "
        f"{sum(replaced)} places were drawn anew",
        "items": f"{left_out:,} movies that occur in no session and on no list are left out",
        "users": "the source does not say whose a session is: users may be on both sides of any split",
    }


# ---- sessions


class _Row(NamedTuple):
    split: Split
    number: int
    history: tuple[int, ...]
    target: int
    candidates: tuple[int, ...]

    @property
    def items(self) -> tuple[int, ...]:
        return (*self.history, self.target, *self.candidates)


def _rows(file: Path, split: Split) -> list[_Row]:
    content = read_plain(file)
    if not isinstance(content, list | tuple):
        raise DataError(f"{file}: got a pickled {type(content).__name__}, expected a list of sessions")
    return [_row(entry, file, split, number) for number, entry in enumerate(content)]


def _row(entry: Any, file: Path, split: Split, number: int) -> _Row:
    try:
        history, target, candidates = entry
        row = _Row(split, number, tuple(history), target, tuple(candidates))
    except (TypeError, ValueError):
        raise DataError(
            f"{file}, row {number}: got {entry!r:.60}, expected [history, target, candidates]"
        ) from None
    # A bool is an int to isinstance.
    invalid = [item for item in row.items if type(item) is not int]
    if invalid:
        raise DataError(f"{file}, row {number}: got {invalid[0]!r:.40}, expected movie ids")
    if not row.history or row.target not in row.candidates:
        problem = "its target is not among its candidates" if row.history else "its history is empty"
        raise DataError(f"{file}, row {number}: {problem}")
    return row


def _without_repeats(rows: Iterable[_Row]) -> tuple[list[_Row], Counter[Split]]:
    """The rows without repeats of history and target, and the number of repeats in each split."""
    first_rows: dict[tuple[tuple[int, ...], int], _Row] = {}
    repeated: Counter[Split] = Counter()
    for row in rows:
        if first_rows.setdefault((row.history, row.target), row) is not row:
            repeated[row.split] += 1
    return list(first_rows.values()), repeated


def _sessions(rows: Iterable[_Row], ids: Mapping[str, int]) -> Iterator[tuple[Split, Session, int]]:
    """Each row as a session, with the number of replaced entries of its list."""
    for row in rows:
        key = f"{row.split}-{row.number}"
        items = tuple(ids[str(item)] for item in (*row.history, row.target))
        source_list = [ids[str(item)] for item in row.candidates]
        candidates, replaced = _repair(source_list, items, generator("re2llm candidates", key), len(ids))
        yield row.split, Session(key, items, candidates=candidates), replaced


def _repair(
    candidates: list[int], items: tuple[int, ...], rng: Random, movies: int
) -> tuple[tuple[int, ...], int]:
    """The list with every item once and none of the history, and the number of replaced entries."""
    *history, target = items
    counts = Counter(candidates)
    kept_position = {item: rng.choice(_positions(candidates, item)) for item, count in counts.items() if count > 1}
    wrong = [
        position
        for position, item in enumerate(candidates)
        if kept_position.get(item, position) != position or (item in history and item != target)
    ]
    repaired = list(candidates)
    for position in wrong:
        used = {*repaired, *items}
        repaired[position] = rng.choice([item for item in range(movies) if item not in used])
    return tuple(repaired), len(wrong)


def _positions(items: Sequence[int], item: int) -> list[int]:
    return [position for position, other in enumerate(items) if other == item]


# ---- movies


def _catalogue(folder: Path, used: set[int]) -> tuple[Catalogue, int]:
    """The movies that occur in sessions or lists, in the order of their table, and the number of the others."""
    file = folder / _TITLES
    table = list(rows(file, ("id", "title", "year")))
    movies = [(key, title, year) for key, title, year in table if key.isdecimal() and int(key) in used]
    missing = used - {int(key) for key, _, _ in movies}
    if missing:
        raise DataError(f"{file}: movie {min(missing)} is missing, which occurs in a session")
    attributes = movie_attributes(folder, {key: year for key, _, year in movies})
    keys, titles, _ = zip(*movies, strict=True)
    return Catalogue.build(keys, [unquoted(title) for title in titles], list(attributes.values())), len(
        table
    ) - len(movies)
