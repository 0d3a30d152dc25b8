"""`afl hints import | list | show | edit | export`: knowledge bases in and out, read and changed by hand."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from afl.data.dataset_store import DatasetStore
from afl.errors import StorageError, UsageError
from afl.hints import editing
from afl.hints.knowledge_base import require_name
from afl.settings import Settings
from memory.knowledge_bases import KnowledgeBaseRecord, KnowledgeBaseSummary
from memory.store import Store
from simulations.execution.asynchrony import wait_for
from simulations.hints import files

T = TypeVar("T")


def hints_import(
    path: str | Path,
    *,
    name: str,
    dataset: str | None = None,
    llm: str | None = None,
    replace: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
) -> KnowledgeBaseRecord:
    """Keeps the hints of a file under `name` and returns what is kept.

    The file is a list of strings, as the authors of Re2LLM publish theirs, or what `hints_export` wrote. `dataset` and
    `llm` say what they are for; an exported file says so itself. Raises `DataError` for a file that is neither,
    `ConflictError` where other hints have the name, unless `replace`.
    """
    settings = settings or Settings()
    said, trials = files.read(Path(path))
    given = {"dataset": dataset, "llm": llm}
    config = said | {key: value for key, value in given.items() if value is not None}
    for key in given:
        if key not in config:
            raise UsageError(f"--{key} is missing: a list of hints does not say what {key} it is for")
    _require_dataset(config["dataset"], settings)
    record = KnowledgeBaseRecord(require_name(name), config, trials)
    _with_store(db, settings, lambda store: store.knowledge_bases.save(record, replace=replace))
    return record


def hints_list(*, db: str | None = None, settings: Settings | None = None) -> list[KnowledgeBaseSummary]:
    """Every knowledge base in the database, by name."""
    return _with_store(db, settings, lambda store: store.knowledge_bases.summaries())


def hints_show(name: str, *, db: str | None = None, settings: Settings | None = None) -> KnowledgeBaseRecord:
    """A knowledge base with where each hint comes from, and why others were not taken. Raises `NotFoundError`."""
    return _with_store(db, settings, lambda store: store.knowledge_bases.load(name))


def hints_edit(
    name: str,
    *,
    number: int | None = None,
    text: str | None = None,
    remove: bool = False,
    db: str | None = None,
    settings: Settings | None = None,
) -> KnowledgeBaseRecord:
    """Adds a hint (`text`), rewords one (`number`, `text`) or takes one out (`number`, `remove`); returns the new base.

    What was there stays with the base, as removed by hand. Raises `UsageError` for a hint that is not there, and for
    anything but one of the three.
    """
    kept = hints_show(name, db=db, settings=settings)
    match number, text, remove:
        case None, str(), False:
            trials = editing.add_hint(kept.trials, text)
        case int(), str(), False:
            trials = editing.reword_hint(kept.trials, number, text)
        case int(), None, True:
            trials = editing.remove_hint(kept.trials, number)
        case _:
            raise UsageError(
                "expected --text to add a hint, --number and --text to reword one, or --number and --remove"
            )
    changed = replace(kept, trials=trials)
    _with_store(db, settings, lambda store: store.knowledge_bases.save(changed, replace=True))
    return changed


def hints_export(
    name: str, *, out: str | Path, db: str | None = None, settings: Settings | None = None
) -> KnowledgeBaseRecord:
    """Writes a knowledge base as JSON to `out`, whole or not at all, and returns it. Raises `NotFoundError`."""
    record = hints_show(name, db=db, settings=settings)
    try:
        files.write(record, Path(out))
    except OSError as error:
        raise StorageError(f"{out}: cannot be written ({error.strerror})") from None
    return record


def base_to_json(record: KnowledgeBaseRecord) -> dict[str, Any]:
    """What `--json` prints of a base."""
    return files.to_json(record)


def _require_dataset(name: str, settings: Settings) -> None:
    store = DatasetStore(settings.data_dir)
    if name not in store.names():
        raise store.unknown(name)


def _with_store(db: str | None, settings: Settings | None, use: Callable[[Store], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with await Store.open(db or (settings or Settings()).db_url) as store:
            return await use(store)

    return wait_for(opened())
