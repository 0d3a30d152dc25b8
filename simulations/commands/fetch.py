"""`afl data fetch`: download a public data set from its owners."""

from dataclasses import dataclass
from pathlib import Path

from afl.data.download import DownloadedFile, download
from afl.data.sources import find_source
from afl.settings import Settings
from simulations.progress import Unwatched, Watching


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came, on whose terms, and what to do with it."""

    name: str
    format: str
    folder: Path
    """What `afl data import FORMAT` takes."""
    files: tuple[DownloadedFile, ...]
    page: str
    licence: str
    citation: str

    @property
    def command(self) -> str:
        """The import that follows."""
        return f"afl data import {self.format} {self.folder} --name {self.name}"


def fetch_data(
    name: str,
    *,
    to: str | Path | None = None,
    mirror: str | None = None,
    settings: Settings | None = None,
    watch: Watching | None = None,
) -> Fetched:
    """Downloads the files of a public data set into a folder of its own under `to` (`AFL_HOME/downloads`), checks them
    against what their owners publish, and unpacks them.

    `name` is one of `afl.data.sources.names()`: `ml-1m`, `amazon-2023:Video_Games`. `mirror` is the address of a copy
    with the same file names. Files that are there and whole are not asked for again; a download that broke off goes on.
    Raises `NotFoundError` for an unknown name, `EndpointError` with the steps by hand where the network says no,
    `DataError` where what came is not what is published, `StorageError` where the folder cannot be written.
    """
    source = find_source(name)
    folder = Path(to) if to else (settings or Settings()).home / "downloads"
    with (watch or Unwatched()).bar(f"fetching {name}") as bar:
        files = download(source, folder / source.name, progress=bar, mirror=mirror)
    return Fetched(
        source.name, source.format, folder / source.name, files, source.page, source.licence, source.citation
    )
