"""Public data sets that can be downloaded, with their terms: the table `sources.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from afl.errors import UsageError
from afl.plugins import parse_spec
from afl.suggestions import unknown_name

_CATEGORY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to download, with its expected size and hashes."""

    url: str
    size: int | None = None
    """Bytes."""
    md5: str | None = None
    sha256: str | None = None
    recorded: str = "published beside the file"
    """Origin of the hash."""

    @property
    def name(self) -> str:
        return urlsplit(self.url).path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Source:
    """A public data set."""

    name: str
    """The name of its folder: `ml-1m`, `amazon-2023-Video_Games`."""
    format: str
    """The importer that reads it."""
    page: str
    """The web page of its owners, for manual download."""
    licence: str
    citation: str
    files: tuple[SourceFile, ...]


def source_names() -> list[str]:
    """The names of all sources; `amazon-2023:CATEGORY` for those divided by category."""
    table = _table()["source"]
    return [f"{name}:CATEGORY" if "category" in table[name] else name for name in sorted(table)]


def find_source(spec: str) -> Source:
    """The source of this name. Raises `NotFoundError` with similar names, `UsageError` for a wrong category."""
    name, category = parse_spec(spec)
    table = _table()
    if name not in table["source"]:
        raise unknown_name("source", name, source_names())
    entry = table["source"][name]
    example = entry.get("category")
    if (category is None) != (example is None) or (category and not _CATEGORY.fullmatch(category)):
        raise UsageError(f"got {spec!r}, expected {f'{name}:CATEGORY, as {name}:{example}' if example else name}")
    return Source(
        name=f"{name}-{category}" if category else name,
        format=entry["format"],
        page=entry["page"],
        licence=table["licence"][entry["terms"]],
        citation=table["citation"][entry.get("citation", entry["terms"])],
        files=tuple(
            SourceFile(**{**file, "url": file["url"].replace("{category}", category or "")})
            for file in entry["files"]
        ),
    )


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("afl.data").joinpath("sources.toml").read_text(encoding="utf-8"))
