"""Data sets for people and scripts: downloaded, imported, listed, removed."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from simulations.cli.output import console, plain, table

if TYPE_CHECKING:
    from afl.data.dataset_store import DatasetInfo
    from simulations.commands.fetch import Fetched


def show(info: "DatasetInfo") -> None:
    """Prints what is known of a data set."""
    shown = table("", "")
    shown.show_header = False
    for key, value in asdict(info).items():
        shown.add_row(key.replace("_", " "), plain(_text(value)))
    console().print(shown)


def to_json(info: "DatasetInfo") -> dict[str, Any]:
    """The object of `data info --json`."""
    return asdict(info)


def show_list(infos: "Sequence[DatasetInfo]") -> None:
    """Prints a row per data set."""
    numbers = ("items", "sequences", "interactions")
    shown = table("name", "format", "domain", *numbers, right=numbers)
    for info in infos:
        sequences = sum(info.sequences.values())
        counts = (f"{count:,}" for count in (info.items, sequences, info.interactions))
        shown.add_row(info.name, info.format, info.domain, *counts)
    console().print(shown if infos else "no data set yet; try: afl data import demo --name demo")


def list_json(infos: "Sequence[DatasetInfo]") -> dict[str, Any]:
    """The object of `data list --json`."""
    return {"datasets": [to_json(info) for info in infos]}


def show_removed(name: str) -> None:
    """Prints the name of the data set that was removed."""
    console().print(plain(f"removed {name}"))


def removed_json(name: str) -> dict[str, Any]:
    """The object of `data remove --json`."""
    return {"removed": name}


def show_fetched(fetched: "Fetched") -> None:
    """Prints the files with their hashes, the terms, and the import that follows."""
    shown = table("", "")
    shown.show_header = False
    for file in fetched.files:
        checked = f"{file.size:,} bytes\nSHA-256 {file.sha256}\nchecked: {file.verified_by}"
        shown.add_row(file.path.name, plain(checked))
    for field in ("licence", "citation", "page"):
        shown.add_row(field, plain(getattr(fetched, field)))
    shown.add_row("next", plain(fetched.command))
    console().print(shown)


def fetched_json(fetched: "Fetched") -> dict[str, Any]:
    """The object of `data fetch --json`."""
    files = [
        {
            "path": str(file.path),
            "url": file.url,
            "size": file.size,
            "sha256": file.sha256,
            "checked": file.verified_by,
        }
        for file in fetched.files
    ]
    return asdict(fetched) | {"folder": str(fetched.folder), "files": files, "command": fetched.command}


def _text(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {_text(entry)}" for key, entry in value.items()) or "-"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:,}" if isinstance(value, int) else str(value)
