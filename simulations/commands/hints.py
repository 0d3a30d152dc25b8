"""`afl hints import | list | show | edit | export`: knowledge bases in and out, read and changed by hand."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from afl.errors import StorageError, UsageError
from afl.option import DATA, MODELS, OUTPUT, Argument, Option
from simulations.execution.asynchrony import with_store
from simulations.options.groups import DB, MODEL_METAVAR

if TYPE_CHECKING:
    from afl.settings import Settings
    from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary

BaseName = Annotated[str, Argument("Knowledge base", "NAME")]


def hints_import(
    path: Annotated[str | Path, Argument("JSON list of strings, or an exported knowledge base", "FILE")],
    *,
    name: Annotated[str, Option("Name of the new knowledge base", DATA, metavar="NAME")],
    dataset: Annotated[
        str | None, Option("Data set the hints are for", DATA, metavar="NAME", default="the file's")
    ] = None,
    llm: Annotated[
        str | None,
        Option("Language model the hints are for", MODELS, metavar=MODEL_METAVAR, default="the file's"),
    ] = None,
    replace: Annotated[bool, Option("Replace a knowledge base of this name", DATA)] = False,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "KnowledgeBaseRecord":
    """Import a file of hints as a knowledge base.

    The file is a list of strings, as the authors of Re2LLM publish theirs, or what `hints_export` wrote. `dataset` and
    `llm` say what they are for; an exported file says so itself. Raises `DataError` for a file that is neither,
    `ConflictError` where other hints have the name, unless `replace`.
    """
    from afl.hints.knowledge_base import require_name
    from afl.settings import Settings
    from memory.knowledge_bases import KnowledgeBaseRecord
    from simulations.hints import base_files

    settings = settings or Settings()
    config, trials = base_files.read(Path(path))
    stated = {"dataset": dataset, "llm": llm}
    config = config | {key: value for key, value in stated.items() if value is not None}
    for key in stated:
        if key not in config:
            raise UsageError(f"--{key} is missing: a list of hints does not say what {key} it is for")
    _require_dataset(config["dataset"], settings)
    record = KnowledgeBaseRecord(require_name(name), config, trials)
    with_store(db, settings, lambda store: store.knowledge_bases.save(record, replace=replace))
    return record


def hints_list(
    *, db: Annotated[str | None, DB] = None, settings: "Settings | None" = None
) -> "list[KnowledgeBaseSummary]":
    """List the knowledge bases in the database, by name."""
    return with_store(db, settings, lambda store: store.knowledge_bases.summaries())


def hints_show(
    name: BaseName,
    *,
    every: Annotated[
        bool, Option("Also the hints that were not accepted, with the reason", OUTPUT, flag="--all")
    ] = False,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "KnowledgeBaseRecord":
    """Read the hints of a knowledge base: where each comes from, and what it did in trials.

    The record holds every hint; `every` is for who prints it. Raises `NotFoundError`.
    """
    return with_store(db, settings, lambda store: store.knowledge_bases.load(name))


def hints_edit(
    name: BaseName,
    *,
    number: Annotated[int | None, Option("Number of the hint to change", DATA)] = None,
    text: Annotated[str | None, Option("New text of the hint, or without a number a new hint", DATA)] = None,
    remove: Annotated[bool, Option("Remove the hint", DATA)] = False,
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "KnowledgeBaseRecord":
    """Add, reword or remove a hint by hand; the earlier text stays in the record.

    `text` alone adds a hint, `number` and `text` reword one, `number` and `remove` remove one. Raises `UsageError` for
    a hint that is not there, and for anything but one of the three.
    """
    from afl.hints import knowledge_base

    record = hints_show(name, db=db, settings=settings)
    match number, text, remove:
        case None, str(), False:
            trials = knowledge_base.add_hint(record.trials, text)
        case int(), str(), False:
            trials = knowledge_base.reword_hint(record.trials, number, text)
        case int(), None, True:
            trials = knowledge_base.remove_hint(record.trials, number)
        case _:
            raise UsageError(
                "expected --text to add a hint, --number and --text to reword one, or --number and --remove"
            )
    changed = replace(record, trials=trials)
    with_store(db, settings, lambda store: store.knowledge_bases.save(changed, replace=True))
    return changed


def hints_export(
    name: BaseName,
    *,
    out: Annotated[str | Path, Option("JSON file to write", OUTPUT, metavar="FILE")],
    db: Annotated[str | None, DB] = None,
    settings: "Settings | None" = None,
) -> "KnowledgeBaseRecord":
    """Write a knowledge base as JSON, with every hint that was tried.

    The whole file or none. Raises `NotFoundError`.
    """
    from simulations.hints import base_files

    record = hints_show(name, db=db, settings=settings)
    try:
        base_files.write(record, Path(out))
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror})") from None
    return record


def _require_dataset(name: str, settings: "Settings") -> None:
    from afl.data.dataset_store import DatasetStore

    datasets = DatasetStore(settings.data_dir)
    if name not in datasets.names():
        raise datasets.unknown(name)
