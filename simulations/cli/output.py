"""How results reach people and scripts. Nothing heavy is loaded for a command that only prints JSON."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from afl.sanitize import json_safe


def print_json(result: Mapping[str, Any]) -> None:
    """The one JSON object of a command, on one line of stdout."""
    sys.stdout.write(json_safe(json.dumps(result, ensure_ascii=False, allow_nan=False)) + "\n")


def announce(address: str, *, as_json: bool) -> None:
    """The viewer's address, once its pages are answered."""
    if as_json:
        print_json({"url": address})
        sys.stdout.flush()
        return
    from simulations.document.terminal import console, plain

    console().print(plain(f"{address}\nPress Ctrl-C to stop."), soft_wrap=True)
