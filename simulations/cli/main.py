"""Entry point of `afl`: exit codes, and one clear line for every mistake."""

import os
import sys
from collections.abc import Sequence

import typer
from typer.exceptions import TyperException

from afl.errors import AFLError
from afl.sanitize import terminal_safe
from simulations.cli.app import app
from simulations.cli.output import print_json

INTERRUPTED = 130


def main() -> None:
    """Runs the command line and leaves with 0 (done), 1 (done, with failures), 2 (mistake) or 130 (Ctrl-C)."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of these arguments; stdout holds the result, stderr everything else."""
    try:
        code = app(list(arguments), prog_name="afl", standalone_mode=False)
        sys.stdout.flush()
    except AFLError as error:
        if error.exit_code == 1 and "--json" in arguments:
            print_json({"error": str(error)})
        return _complain(str(error), error.exit_code)
    except TyperException as error:
        return _complain(_usage(error), 2)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if code == INTERRUPTED:  # typer turns most of them into this number, and says nothing
        return _complain("interrupted; everything so far is kept, the same command continues", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"afl: {terminal_safe(' '.join(line.split()))}\n")
    return code


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see: {context.command_path} --help)" if context else ""
    return error.format_message() + hint
