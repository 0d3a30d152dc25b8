"""The fake server as a process of its own, so that it does not share its client's interpreter."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def server_process(*arguments: str) -> Iterator[str]:
    """Starts `python -m afl.testing.server ARGUMENTS` and gives its URL; ends the process on leaving."""
    command = [sys.executable, "-m", "afl.testing.server", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError(f"the fake server did not start: {' '.join(command)}")
        try:
            yield url
        finally:
            process.terminate()
