"""`afl data`: bring a data set in, look at what there is, remove it."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afl.errors import UsageError
from simulations.options.option import DATA, Argument, Option

if TYPE_CHECKING:
    from afl.data.dataset import Dataset
    from afl.data.dataset_store import DatasetInfo, DatasetStore
    from afl.data.importers import Importer
    from afl.data.split import Shares
    from afl.settings import Settings

DatasetName = Annotated[str, Argument("Imported data set", "NAME")]
NewName = Annotated[str, Option("Name of the new data set", DATA, metavar="NAME")]
Replace = Annotated[bool, Option("Replace a data set of this name", DATA)]


MAX_USERS = 100_000


def import_data(
    format: Annotated[str, Argument("Format: demo, csv, movielens, amazon, steam, ..., or a plug-in's", "FORMAT")],
    path: Annotated[str | Path | None, Argument("File or folder; none for demo", "PATH")] = None,
    *,
    name: NewName,
    domain: Annotated[
        str | None,
        Option("Wording of prompts: music, movie, game or item", DATA, metavar="NAME", default="guessed"),
    ] = None,
    users: Annotated[int | None, Option("Number of users of demo", DATA, default="1000")] = None,
    category: Annotated[
        str | None, Option("Category of a flower folder: Video_Games, CDs_and_Vinyl, ...", DATA, metavar="NAME")
    ] = None,
    replace: Replace = False,
    split: Annotated[
        str | None,
        Option("Shares of training, validation and test", DATA, metavar="A:B:C", default="the format's"),
    ] = None,
    split_seed: Annotated[int, Option("Seed of the split by --split", DATA)] = 0,
    settings: "Settings | None" = None,
) -> "DatasetInfo":
    """Import a data set and store it under a name.

    `format` is the name of an importer (`demo`, `csv`, `movielens`, ... or a plug-in's); `path` its file or folder;
    `users` the size of `demo`; `category` which part of a `flower` folder is read. `split` (`8:1:1`) divides all
    sequences anew into training, validation and test, in an order seeded by `split_seed`; without it they are divided
    as the format says. The same content again changes nothing; other content needs `replace`.
    Raises `DataError` for a malformed file, naming file, line and reason; nothing is stored then.
    """
    from afl import plugins
    from afl.data.importers import ImportOptions
    from afl.data.split import Shares

    if users is not None and not 10 <= users <= MAX_USERS:
        raise UsageError(f"--users: got {users}, expected 10 to {MAX_USERS}")
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
    datasets = _datasets(settings)
    datasets.save(dataset, replace=replace)
    return datasets.info(name)


def data_sessions(
    dataset: Annotated[str, Argument("Data set with timestamps", "DATASET")],
    *,
    name: NewName,
    least: Annotated[int, Option("Minimum items of a day", DATA)] = 4,
    replace: Replace = False,
    settings: "Settings | None" = None,
) -> "DatasetInfo":
    """Make sessions out of long sequences: what a user did on one day.

    Only days of `least` items or more become sessions; users keep their split. The same content again changes nothing;
    other content needs `replace`. Raises `NotFoundError` for the data set, `UsageError` where it has no timestamps or
    no day that is long enough.
    """
    from afl.data.daily_sessions import daily_sessions

    datasets = _datasets(settings)
    datasets.save(daily_sessions(datasets.load(dataset), name=name, least=least), replace=replace)
    return datasets.info(name)


def list_data(*, settings: "Settings | None" = None) -> "list[DatasetInfo]":
    """List the imported data sets, by name."""
    datasets = _datasets(settings)
    return [datasets.info(name) for name in datasets.names()]


def data_info(name: DatasetName, *, settings: "Settings | None" = None) -> "DatasetInfo":
    """Describe one data set.

    Raises `NotFoundError`.
    """
    return _datasets(settings).info(name)


def remove_data(name: DatasetName, *, settings: "Settings | None" = None) -> str:
    """Remove a data set; runs over it stay readable.

    Returns its name. Raises `NotFoundError`.
    """
    _datasets(settings).remove(name)
    return name


def _split_anew(dataset: "Dataset", shares: "Shares", seed: int) -> "Dataset":
    from afl.data.split import resplit

    note = f"{shares} by sequence, by a draw from seed {seed} and its id; not the source's own"
    splits = resplit(dataset.splits, shares, seed=seed)
    return dataclasses.replace(dataset, splits=splits, notes=dataset.notes | {"split": note})


def _datasets(settings: "Settings | None") -> "DatasetStore":
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings

    return DatasetStore((settings or Settings()).data_dir)
