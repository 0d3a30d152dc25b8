"""`afl data`: bring a data set in, look at what there is, remove it."""

import dataclasses
from pathlib import Path

from afl import plugins
from afl.data.daily_sessions import MIN_ITEMS, daily_sessions
from afl.data.dataset import Dataset
from afl.data.dataset_store import DatasetInfo, DatasetStore
from afl.data.importers import Importer, ImportOptions
from afl.data.split import Shares, resplit
from afl.errors import UsageError
from afl.settings import Settings


def import_data(
    format: str,
    path: str | Path | None = None,
    *,
    name: str,
    domain: str | None = None,
    users: int | None = None,
    category: str | None = None,
    replace: bool = False,
    split: str | None = None,
    split_seed: int = 0,
    settings: Settings | None = None,
) -> DatasetInfo:
    """Imports a data set under `name` and says what it holds.

    `format` is the name of an importer (`demo`, `csv`, `movielens`, ... or a plug-in's); `path` its file or folder;
    `users` the size of `demo`; `category` which part of a `flower` folder is read. `split` (`8:1:1`) divides all
    sequences anew into training, validation and test, in an order seeded by `split_seed`; without it they are divided
    as the format says. The same content again changes nothing; other content needs `replace`.
    Raises `DataError` for a malformed file, naming file, line and reason; nothing is kept then.
    """
    importer: Importer = plugins.load_plugin("afl.importers", format)
    if format == "demo" and path is not None:
        raise UsageError(f"format 'demo' makes its own data and takes no path, got {str(path)!r}")
    if format != "demo" and path is None:
        raise UsageError(f"format {format!r} needs the path of its file or folder")
    if format != "demo" and users is not None:
        raise UsageError(f"--users belongs to format 'demo', got it with {format!r}")
    if format != "flower" and category is not None:
        raise UsageError(f"--category belongs to format 'flower', got it with {format!r}")
    dataset = importer(
        None if path is None else Path(path),
        ImportOptions(name=name, domain=domain, users=1000 if users is None else users, category=category),
    )
    if split is not None:
        dataset = _split_anew(dataset, Shares.parse(split), split_seed)
    library = _library(settings)
    library.save(dataset, replace=replace)
    return library.info(name)


def data_sessions(
    dataset: str, *, name: str, least: int = MIN_ITEMS, replace: bool = False, settings: Settings | None = None
) -> DatasetInfo:
    """Makes sessions out of a data set with timestamps: a user's day of `least` items or more; keeps them under `name`.

    Users keep their split. The same content again changes nothing; other content needs `replace`. Raises
    `NotFoundError` for the data set, `UsageError` where it has no timestamps or no day that is long enough.
    """
    library = _library(settings)
    library.save(daily_sessions(library.load(dataset), name=name, least=least), replace=replace)
    return library.info(name)


def list_data(*, settings: Settings | None = None) -> list[DatasetInfo]:
    """What is known of every imported data set, by name."""
    library = _library(settings)
    return [library.info(name) for name in library.names()]


def data_info(name: str, *, settings: Settings | None = None) -> DatasetInfo:
    """What is known of one data set. Raises `NotFoundError`."""
    return _library(settings).info(name)


def remove_data(name: str, *, settings: Settings | None = None) -> None:
    """Forgets a data set; runs over it keep what they hold. Raises `NotFoundError`."""
    _library(settings).remove(name)


def _split_anew(dataset: Dataset, shares: Shares, seed: int) -> Dataset:
    note = f"{shares} by sequence, by a draw from seed {seed} and its id; not the source's own"
    splits = resplit(dataset.splits, shares, seed=seed)
    return dataclasses.replace(dataset, splits=splits, notes=dataset.notes | {"split": note})


def _library(settings: Settings | None) -> DatasetStore:
    return DatasetStore((settings or Settings()).data_dir)
