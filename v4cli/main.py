"""The console script: runs the application and turns what it raises into one line and an exit code."""

from __future__ import annotations

import errno
import os
import sys

import click
import typer

from .console import safe
from .errors import ExitCode, V4Error


#: newer releases of Typer raise exceptions of their own, not click's
_USAGE: tuple[type[BaseException], ...] = (
    click.ClickException,
    getattr(getattr(typer, "exceptions", None), "TyperException", click.ClickException),
)


def _say(message: str) -> None:
    try:
        print(f"v4: {safe(message)}", file=sys.stderr)
    except (OSError, ValueError):  # standard error is closed: the exit code still tells
        pass


def _silence_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit code."""
    from .app import app

    try:
        result = app(arguments, standalone_mode=False, prog_name="v4")
        sys.stdout.flush()
        return result if isinstance(result, int) else ExitCode.OK
    except (click.exceptions.Exit, typer.Exit) as exit_:
        return exit_.exit_code
    except _USAGE as error:
        error.show()  # type: ignore[attr-defined]
        return ExitCode.USAGE
    except V4Error as error:
        if "--debug" in arguments:
            raise
        _say(str(error))
        return error.code
    except (KeyboardInterrupt, click.exceptions.Abort, typer.Abort):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return ExitCode.OK
    except MemoryError:
        _say("out of memory: set a smaller --model or a smaller --budget")
        return ExitCode.ENVIRONMENT
    except OSError as error:
        if "--debug" in arguments:
            raise
        hint = {
            errno.ENOSPC: ": free some space and run again; nothing was half-written",
            errno.EACCES: ": check the permissions",
            errno.EROFS: ": the file system is read-only",
        }.get(error.errno or 0, "")
        _say(f"{error}{hint}")
        return ExitCode.ENVIRONMENT
    except Exception as error:
        if "--debug" in arguments:
            raise
        _say(f"internal error: {type(error).__name__}: {error} (run again with --debug for the traceback)")
        return ExitCode.ENVIRONMENT


def main() -> None:
    sys.exit(int(run(sys.argv[1:])))


if __name__ == "__main__":
    main()
