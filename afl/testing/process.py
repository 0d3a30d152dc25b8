"""The fake server as a process of its own, so that it does not share its client's interpreter."""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from afl.testing.canned_answers import canned_answer, refusing_answer
from afl.testing.faults import FAULTS, Fault, named_fault
from afl.testing.server import FakeServer


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


def main() -> None:
    """Prints the URL as the first line and serves until it is ended."""
    options = _parser().parse_args()
    server = FakeServer(
        refusing_answer if options.refuse else canned_answer,
        faults=dict(options.fault),
        models=options.model,
        authorization=f"Bearer {options.api_key}" if options.api_key else None,
        latency=options.latency,
        per_second=options.per_second,
        port=options.port,
        keep=False,
    )
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(server))


async def _serve(server: FakeServer) -> None:
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m afl.testing.server", description=FakeServer.__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--per-second", type=int, metavar="N", help="refuse more requests than these with 429")
    parser.add_argument("--api-key", metavar="KEY", help="the only key that is accepted")
    parser.add_argument("--model", action="append", default=[], metavar="ID", help="list this model; repeatable")
    parser.add_argument("--refuse", action="store_true", help="never accept, so that all rounds are used")
    kinds = f"an HTTP status or one of: {', '.join(FAULTS)}"
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_numbered_fault,
        metavar="N=KIND",
        help=f"spoil request N: {kinds}",
    )
    return parser


def _numbered_fault(text: str) -> tuple[int, Fault]:
    number, _, kind = text.partition("=")
    if not number.isdigit() or not (kind.isdigit() or kind in FAULTS):
        raise argparse.ArgumentTypeError(f"got {text!r}, expected N=KIND such as 3=500")
    return int(number), named_fault(kind)
