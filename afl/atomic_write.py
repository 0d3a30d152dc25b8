"""Files that are either written whole or not at all."""

import os
import tempfile
from pathlib import Path

from afl.errors import StorageError


def write_atomically(path: Path, content: bytes) -> None:
    """Writes the file in one step, over an earlier one; whoever reads it sees the old content or the new.

    Missing folders are created. Raises `StorageError` where the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".saving-", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error.strerror or error})") from None
