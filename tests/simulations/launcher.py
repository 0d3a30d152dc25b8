"""Starts `afl` as processes of their own without importing its libraries each time: they are forked from this one.

Reads a line of JSON per process on stdin: `{"arguments", "environment", "folder", "out", "err"}`; with `file_size` no
file may grow beyond so many bytes, and with `fatal` the process ends where it tries. Answers with two lines: the
process id at once, its exit code (negative: the signal that ended it) when it has ended.
"""

import json
import os
import resource
import signal
import sys
from importlib import import_module
from typing import Any

from simulations.cli.main import run

IMPORTED = (
    "agents.recommendation",
    "agents.user",
    "afl.llm.openai_chat",
    "aiosqlite",
    "anyio._backends._asyncio",
    "httpx",
    "openai.resources.chat.completions",
    "rich.progress",
    "simulations.cli.output",
    "simulations.commands.simulate",
    "simulations.engines.local",
    "simulations.execution.executor",
    "simulations.graphs.dialogue",
)
"""What a simulation imports sooner or later: here, since importing takes most of the time of a short process."""
WITH_MODELS = ("evaluate", "hints")
"""Commands that train or ask base models: torch is imported before the first of them."""
for module in IMPORTED:
    import_module(module)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if order["arguments"][0] in WITH_MODELS:
            import_module("torch")
        process = os.fork()
        if not process:
            become(order)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)


def become(order: dict[str, Any]) -> None:
    """Turns this process into the one that was ordered."""
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    for stream, path in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), stream)
    if "file_size" in order:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], resource.RLIM_INFINITY))
    if order.get("fatal"):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    code = run(order["arguments"])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
