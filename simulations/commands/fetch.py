"""`afl data fetch`: download a public data set from its owners."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from afl.option import DATA, OUTPUT, Argument, Option

if TYPE_CHECKING:
    from afl.data.download import DownloadedFile
    from afl.settings import Settings
    from simulations.progress import Watching


@dataclass(frozen=True, slots=True)
class Fetched:
    """The downloaded files of a data set, their terms, and the import that follows."""

    name: str
    format: str
    folder: Path
    """What `afl data import FORMAT` takes."""
    files: "tuple[DownloadedFile, ...]"
    page: str
    licence: str
    citation: str

    @property
    def command(self) -> str:
        """The import that follows."""
        return f"afl data import {self.format} {self.folder} --name {self.name}"

    def to_json(self) -> dict[str, Any]:
        """The object of `data fetch --json`."""
        files = [
            {
                "path": str(file.path),
                "url": file.url,
                "size": file.size,
                "sha256": file.sha256,
                "checked": file.verified_by,
            }
            for file in self.files
        ]
        return asdict(self) | {"folder": str(self.folder), "files": files, "command": self.command}


def fetch_data(
    name: Annotated[str, Argument("Public data set: ml-1m, steam, amazon-2023:Video_Games, ...", "NAME")],
    *,
    to: Annotated[
        str | Path | None, Option("Folder to download into", OUTPUT, metavar="DIR", default="AFL_HOME/downloads")
    ] = None,
    mirror: Annotated[
        str | None, Option("Address of a copy with the same file names", DATA, metavar="URL")
    ] = None,
    settings: "Settings | None" = None,
    watch: "Watching | None" = None,
) -> Fetched:
    """Download a public data set from its owners, check it, show its terms.

    The files come into a folder of their own under `to`, are checked against what their owners publish, and unpacked.

    `name` is one of `afl.data.download.names()`: `ml-1m`, `amazon-2023:Video_Games`. `mirror` is the address of a copy
    with the same file names. Complete files are not downloaded again; an interrupted download is resumed.
    Raises `NotFoundError` for an unknown name, `EndpointError` with the manual steps where the network fails,
    `DataError` where a file is not the published one, `StorageError` where the folder cannot be written.
    """
    from afl.data.download import download, find_source
    from afl.settings import Settings
    from simulations.progress import Unwatched

    source = find_source(name)
    folder = Path(to) if to else (settings or Settings()).home / "downloads"
    with (watch or Unwatched()).bar(f"fetching {name}") as bar:
        files = download(source, folder / source.name, progress=bar, mirror=mirror)
    return Fetched(
        source.name, source.format, folder / source.name, files, source.page, source.licence, source.citation
    )
