"""`afl data`: bring a data set in, look at what there is, remove it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.errors import UsageError
from afl.option import DATA, Argument, Option, PluginOptions

if TYPE_CHECKING:
    from afl.data.dataset import Dataset
    from afl.data.dataset_store import DatasetInfo, DatasetStore
    from afl.data.importers import Importer
    from afl.data.split import Shares
    from afl.settings import Settings

DatasetName = Annotated[str, Argument("Imported data set", "NAME")]
NewName = Annotated[str, Option("Name of the new data set", DATA, metavar="NAME")]
Replace = Annotated[bool, Option("Replace a data set of this name", DATA)]


def import_data(
    format: Annotated[str, Argument("Format: demo, csv, movielens, amazon, steam, ..., or a plug-in's", "FORMAT")],
    path: Annotated[str | Path | None, Argument("File or folder; none for demo", "PATH")] = None,
    *,
    name: NewName,
    domain: Annotated[
        str | None,
        Option("Wording of prompts: music, movie, game or item", DATA, metavar="NAME", default="guessed"),
    ] = None,
    replace: Replace = False,
    split: Annotated[
        str | None,
        Option("Shares of training, validation and test", DATA, metavar="A:B:C", default="the format's"),
    ] = None,
    split_seed: Annotated[int, Option("Seed of the split by --split", DATA)] = 0,
    settings: "Settings | None" = None,
    **options: Annotated[Any, PluginOptions("afl.importers")],
) -> "DatasetInfo":
    """Import a data set and store it under a name.

    `format` is the name of an importer (`demo`, `csv`, `movielens`, ... or a plug-in's); `path` its file or folder;
    `options` are those that the importer states: `users` of `demo`, `category` of `flower`, ... `split` (`8:1:1`)
    divides all sequences anew into training, validation and test, in an order seeded by `split_seed`; without it they
    are divided as the format says. The same content again changes nothing; other content needs `replace`.
    Raises `DataError` for a malformed file, naming file, line and reason; nothing is stored then.
    """
    from afl import plugins
    from afl.data.importers import ImportOptions
    from afl.data.split import Shares

    importer: Importer = plugins.load_plugin("afl.importers", format)
    importer_options = {option: value for option, value in options.items() if value is not None}
    _check_options(format, importer_options)
    dataset = importer(
        None if path is None else Path(path), ImportOptions(name=name, domain=domain), **importer_options
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


def _check_options(format: str, options: Mapping[str, Any]) -> None:
    """Raises `UsageError` for an option of other formats, `TypeError` for one of none."""
    from afl.option import plugin_options

    stated = {
        name: [option.name for option in importer_options]
        for name, importer_options in plugin_options("afl.importers").items()
    }
    for option in options:
        formats = [repr(name) for name, importer_options in stated.items() if option in importer_options]
        if not formats:
            raise TypeError(f"import_data() got an unexpected keyword argument {option!r}")
        if option not in stated[format]:
            flag = option.replace("_", "-")
            raise UsageError(f"--{flag} belongs to format {' or '.join(formats)}, got it with {format!r}")


def _split_anew(dataset: "Dataset", shares: "Shares", seed: int) -> "Dataset":
    from afl.data.split import resplit

    note = f"{shares} by sequence, by a draw from seed {seed} and its id; not the source's own"
    splits = resplit(dataset.splits, shares, seed=seed)
    return dataclasses.replace(dataset, splits=splits, notes=dataset.notes | {"split": note})


def _datasets(settings: "Settings | None") -> "DatasetStore":
    from afl.data.dataset_store import DatasetStore
    from afl.settings import Settings

    return DatasetStore((settings or Settings()).data_dir)
