"""The store of imported data sets: one folder each, of JSON and parquet, written atomically."""

import hashlib
import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from afl.data._parquet import read_catalogue, read_sequences, write_catalogue, write_sequences
from afl.data.catalogue import Catalogue
from afl.data.dataset import Dataset, Split
from afl.data.domains import domain_fields, read_domain
from afl.data.sessions import row_count
from afl.errors import ConflictError, DataError, NotFoundError, StorageError, UsageError, unknown_name

VERSION = 1
"""Version of the layout on disk."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_METADATA = "dataset.json"


@dataclass(frozen=True)
class DatasetInfo:
    """The properties of a data set."""

    name: str
    format: str
    domain: str
    items: int
    sequences: Mapping[str, int]
    """Per split."""
    interactions: int
    rows: Mapping[str, int]
    """Per split: sequences long enough to simulate."""
    attributes: tuple[str, ...]
    """Names of the attributes of items."""
    catalogue_hash: str
    hash: str
    notes: Mapping[str, str]


def describe(dataset: Dataset) -> DatasetInfo:
    """The properties of a data set."""
    return DatasetInfo(
        name=dataset.name,
        format=dataset.format,
        domain=dataset.domain.name,
        items=len(dataset.catalogue),
        sequences={split.value: len(dataset.splits[split]) for split in Split},
        interactions=sum(len(dataset.splits[split].items) for split in Split),
        rows={split.value: row_count(dataset, split) for split in Split},
        attributes=tuple(sorted({name for attributes in dataset.catalogue.attributes for name in attributes})),
        catalogue_hash=dataset.catalogue.hash,
        hash=dataset.hash,
        notes=dataset.notes,
    )


class DatasetStore:
    """Data sets by name under one folder, which is created by the first `save`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def unknown(self, name: str) -> NotFoundError:
        """The error of a data set that does not exist."""
        first = "none; import one first: afl data import FORMAT PATH --name NAME"
        return unknown_name("data set", name, self.names(), otherwise=first, listing="afl data list")

    def names(self) -> list[str]:
        """The names of all data sets, sorted."""
        try:
            return sorted(entry.name for entry in self.root.iterdir() if _NAME.fullmatch(entry.name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StorageError(f"{self.root}: cannot be read ({error.strerror})") from None

    def load(self, name: str) -> Dataset:
        """The data set of this name, checked against the hash it was saved with.

        Raises `NotFoundError` with similar names, `StorageError` where files cannot be read, `DataError` where they
        have changed since they were saved.
        """
        folder = self._existing(name)
        try:
            dataset, expected = _read(folder)
        except OSError as error:
            raise StorageError(f"{error.filename or folder}: cannot be read ({error.strerror})") from None
        if dataset.hash != expected:
            raise _damaged(folder, "its content has changed since it was saved")
        return dataset

    def save(self, dataset: Dataset, *, replace: bool = False) -> None:
        """Saves the data set under its name; saving equal content again changes nothing.

        Raises `ConflictError` where the name is taken by other content (unless `replace`), `UsageError` for an invalid
        name, `StorageError` where the folder cannot be written. Writing is atomic.
        """
        folder = self._folder(dataset.name)
        if folder.exists() and not replace:
            self._same_or_conflict(dataset)
            return
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(
                prefix=".saving-", dir=self.root, ignore_cleanup_errors=True
            ) as temporary:
                _write(dataset, Path(temporary) / "new")
                if folder.exists():
                    os.replace(folder, Path(temporary) / "old")
                os.replace(Path(temporary) / "new", folder)
        except OSError as error:
            if folder.exists() and not replace:  # another process was faster
                self._same_or_conflict(dataset)
                return
            raise StorageError(f"{self.root}: data set cannot be written ({error.strerror or error})") from None

    def info(self, name: str) -> DatasetInfo:
        """The properties of the data set of this name; raises as `load` does."""
        return describe(self.load(name))

    def with_catalogue(self, catalogue: Catalogue) -> list[str]:
        """The names of the data sets with this catalogue; only catalogues are read, damaged ones are ignored."""
        return [name for name in self.names() if _catalogue_hash(self.root / name) == catalogue.hash]

    def remove(self, name: str) -> None:
        """Deletes the data set; `NotFoundError` where there is none of this name."""
        folder = self._existing(name)
        try:
            with tempfile.TemporaryDirectory(
                prefix=".removing-", dir=self.root, ignore_cleanup_errors=True
            ) as temporary:
                os.replace(folder, Path(temporary) / name)
        except OSError as error:
            raise StorageError(f"{folder}: cannot be removed ({error.strerror})") from None

    def _folder(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"got {name!r} as the name of a data set, expected letters, digits and . _ - "
                "beginning with a letter or digit"
            )
        return self.root / name

    def _existing(self, name: str) -> Path:
        folder = self._folder(name)
        if not folder.is_dir():
            raise self.unknown(name)
        return folder

    def _same_or_conflict(self, dataset: Dataset) -> None:
        if self.load(dataset.name).hash != dataset.hash:
            raise ConflictError(
                f"a data set called {dataset.name!r} exists with other content; choose another --name, "
                f"or remove it first: afl data remove {dataset.name}"
            )


def _write(dataset: Dataset, folder: Path) -> None:
    folder.mkdir()
    write_catalogue(dataset.catalogue, folder / "catalogue.parquet")
    for split in Split:
        write_sequences(dataset.splits[split], folder / f"{split}.parquet")
    metadata = {
        "version": VERSION,
        "name": dataset.name,
        "format": dataset.format,
        "domain": domain_fields(dataset.domain),
        "notes": dataset.notes,
        "hash": dataset.hash,
        "files": {file.name: _digest(file) for file in sorted(folder.iterdir())},
    }
    (folder / _METADATA).write_text(json.dumps(metadata, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _read(folder: Path) -> tuple[Dataset, str]:
    try:
        metadata = json.loads((folder / _METADATA).read_text(encoding="utf-8"))
        if metadata["version"] != VERSION:
            raise DataError(
                f"{folder}: saved in layout {metadata['version']}, this AFL reads {VERSION}; import it again"
            )
        # Checked before anything parses them: a damaged parquet file can make its reader panic.
        changed = [file for file, digest in metadata["files"].items() if _digest(folder / file) != digest]
        if changed:
            raise _damaged(folder, f"{changed[0]} has changed since it was saved")
        dataset = Dataset(
            name=folder.name,
            format=metadata["format"],
            domain=read_domain(metadata["domain"]),
            catalogue=read_catalogue(folder / "catalogue.parquet"),
            splits={split: read_sequences(folder / f"{split}.parquet") for split in Split},
            notes=metadata["notes"],
        )
        return dataset, metadata["hash"]
    except FileNotFoundError as error:
        raise _damaged(folder, f"{Path(str(error.filename)).name} is missing") from None
    except DataError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, str(error).splitlines()[0] if str(error) else type(error).__name__) from None


def _catalogue_hash(folder: Path) -> str | None:
    try:
        if _files(folder)["catalogue.parquet"] != _digest(folder / "catalogue.parquet"):
            return None
        return read_catalogue(folder / "catalogue.parquet").hash
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files(folder: Path) -> Mapping[str, str]:
    files: Mapping[str, str] = json.loads((folder / _METADATA).read_text(encoding="utf-8"))["files"]
    return files


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _damaged(folder: Path, reason: str) -> DataError:
    return DataError(
        f"{folder}: the stored data set is damaged ({reason}); remove and import it again: "
        f"afl data remove {folder.name}"
    )
