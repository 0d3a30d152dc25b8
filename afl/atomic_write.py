"""Files that are either written whole or not at all."""

import os
import tempfile
from pathlib import Path

from afl.errors import StorageError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes the file, or replaces it, in one step: readers see either the old content or the new.

    Missing folders are created. Raises `StorageError` where the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".saving-", dir=path.parent, ignore_cleanup_errors=True) as folder:
            new = Path(folder) / path.name
            with new.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(new, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from None
