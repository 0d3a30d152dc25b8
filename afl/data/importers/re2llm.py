"""`re2llm`: the movie sessions of the Re2LLM authors, with the candidate lists and item metadata they shipped.

A folder holds `example_train.txt` and `example_test.txt` (pickles in spite of the suffix: a list of [history, target,
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
    """The sessions in this folder, or in `movie` within it, in the split their authors made.

    A session's id tells file and row: `train-0`, `test-17`. A session whose history and target have been met is left
    out, so that none is both in training and test. A candidate list that holds an item twice, or one of the history,
    gets another movie in its place, by a draw that depends on the session's id alone. There are no validation sessions.

    Raises `DataError` naming file and row or line that does not hold what the layout promises.
    """
    folder = data_folder(path, "re2llm")
    if not (folder / _TITLES).is_file() and (folder / "movie").is_dir():
        folder = folder / "movie"
    read = [row for split, name in _FILES.items() for row in _rows(folder / name, split)]
    catalogue, left_out = _catalogue(folder, {item for row in read for item in row.items})
    kept, met = _once(read)
    sessions = list(_sessions(kept, catalogue.index))
    return Dataset(
        name=options.name,
        format="re2llm",
        domain=domains.get_domain(options.domain or "movie"),
        catalogue=catalogue,
        splits={split: Sequences.of([made for into, made, _ in sessions if into == split]) for split in Split},
        notes=_notes(met, [drawn for _, _, drawn in sessions], left_out),
    )


def _notes(met: Mapping[Split, int], drawn: Sequence[int], left_out: int) -> dict[str, str]:
    return {
        "split": "the source's own, by session; it has no validation sessions",
        "met before": f"{met[Split.TRAIN]} training and {met[Split.TEST]} test sessions, history and target, "
        "had been met and are left out",
        "candidates": f"the source's own; {sum(map(bool, drawn))} lists held an item twice or one of the history: "
        f"{sum(drawn)} places were drawn anew",
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
    read = read_plain(file)
    if not isinstance(read, list | tuple):
        raise DataError(f"{file}: got a pickled {type(read).__name__}, expected a list of sessions")
    return [_row(entry, file, split, number) for number, entry in enumerate(read)]


def _row(entry: Any, file: Path, split: Split, number: int) -> _Row:
    try:
        history, target, candidates = entry
        row = _Row(split, number, tuple(history), target, tuple(candidates))
    except (TypeError, ValueError):
        raise DataError(
            f"{file}, row {number}: got {entry!r:.60}, expected [history, target, candidates]"
        ) from None
    # A bool is an int to isinstance.
    odd = [item for item in row.items if type(item) is not int]
    if odd:
        raise DataError(f"{file}, row {number}: got {odd[0]!r:.40}, expected movie ids")
    if not row.history or row.target not in row.candidates:
        what = "its target is not among its candidates" if row.history else "its history is empty"
        raise DataError(f"{file}, row {number}: {what}")
    return row


def _once(rows: Iterable[_Row]) -> tuple[list[_Row], Counter[Split]]:
    """The rows whose history and target are met first, and how many others there were in each split."""
    kept: dict[tuple[tuple[int, ...], int], _Row] = {}
    met: Counter[Split] = Counter()
    for row in rows:
        if kept.setdefault((row.history, row.target), row) is not row:
            met[row.split] += 1
    return list(kept.values()), met


def _sessions(rows: Iterable[_Row], ids: Mapping[str, int]) -> Iterator[tuple[Split, Session, int]]:
    """Each row as a session, and how many places of its list had to be drawn anew."""
    for row in rows:
        key = f"{row.split}-{row.number}"
        items = tuple(ids[str(item)] for item in (*row.history, row.target))
        brought = [ids[str(item)] for item in row.candidates]
        candidates, drawn = _mended(brought, items, generator("re2llm candidates", key), len(ids))
        yield row.split, Session(key, items, candidates=candidates), drawn


def _mended(brought: list[int], items: tuple[int, ...], draws: Random, movies: int) -> tuple[tuple[int, ...], int]:
    """The list with every item once and none of the history, and how many places that took."""
    *history, target = items
    counts = Counter(brought)
    kept = {item: draws.choice(_places(brought, item)) for item, count in counts.items() if count > 1}
    wrong = [
        place
        for place, item in enumerate(brought)
        if kept.get(item, place) != place or (item in history and item != target)
    ]
    mended = list(brought)
    for place in wrong:
        taken = {*mended, *items}
        mended[place] = draws.choice([item for item in range(movies) if item not in taken])
    return tuple(mended), len(wrong)


def _places(items: Sequence[int], wanted: int) -> list[int]:
    return [place for place, item in enumerate(items) if item == wanted]


# ---- movies


def _catalogue(folder: Path, used: set[int]) -> tuple[Catalogue, int]:
    """The movies that occur anywhere, in the order of their table, and how many do not."""
    file = folder / _TITLES
    table = list(rows(file, ("id", "title", "year")))
    movies = [(key, title, year) for key, title, year in table if key.isdecimal() and int(key) in used]
    missing = used - {int(key) for key, _, _ in movies}
    if missing:
        raise DataError(f"{file}: movie {min(missing)} is missing, which occurs in a session")
    known = movie_attributes(folder, {key: year for key, _, year in movies})
    keys, titles, _ = zip(*movies, strict=True)
    return Catalogue.build(keys, [unquoted(title) for title in titles], list(known.values())), len(table) - len(
        movies
    )
