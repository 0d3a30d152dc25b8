"""Entry point of `afl`: exit codes, and one clear line for every mistake."""

import os
import sys
from collections.abc import Sequence

import click

from afl.errors import AFLError
from afl.sanitize import terminal_safe
from simulations.cli.app import build_app
from simulations.cli.output import print_json

INTERRUPTED = 130


def main() -> None:
    """Runs the command line and leaves with 0 (done), 1 (done, with failures), 2 (mistake) or 130 (Ctrl-C)."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """The exit code of these arguments; stdout holds the result, stderr everything else."""
    try:
        with build_app().make_context("afl", list(arguments)) as context:
            code = context.command.invoke(context)
        sys.stdout.flush()
    except AFLError as error:
        if error.exit_code == 1 and "--json" in arguments:
            print_json({"error": str(error)})
        return _complain(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stdout.write(f"{error.message}\n")
        return _complain(f"expected a command (see: {error.ctx and error.ctx.command_path} --help)", 2)
    except click.ClickException as error:
        return _complain(_usage(error), 2)
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _complain("interrupted; progress saved; rerun the same command to resume", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has exited; nothing more may be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _complain(line: str, code: int) -> int:
    sys.stderr.write(f"afl: {terminal_safe(' '.join(line.split()))}\n")
    return code


def _usage(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see: {context.command_path} --help)" if context else ""
    return error.format_message() + hint
