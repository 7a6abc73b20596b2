"""The console script: runs the application and turns what it raises into one line and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import Any


def _stop_at_once(*_: Any) -> None:
    os.write(2, b"v4: interrupted\n")
    os._exit(130)


# Until the command runs there is nothing to clean up, and Ctrl-C in the middle of an import is no place to raise.
if __name__ == "__main__" or os.path.basename(sys.argv[0]) in {"v4", "v4.exe"}:
    signal.signal(signal.SIGINT, _stop_at_once)


def _say(message: str) -> None:
    from .console import safe

    try:
        print(f"v4: {safe(message)}", file=sys.stderr)
    except (OSError, ValueError):  # standard error is closed: the exit code still tells
        pass


def _silence_stdout() -> None:
    """Point standard output at nothing, so that the interpreter's last flush cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit code."""
    import errno

    import typer

    from .app import app
    from .errors import ExitCode, V4Error

    # typer carries a click of its own, or uses the installed one: its own exceptions tell which
    click_exception: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
    try:
        result = app(arguments, standalone_mode=False, prog_name="v4")
        sys.stdout.flush()
        return result if isinstance(result, int) else ExitCode.OK
    except typer.Exit as exit_:
        return exit_.exit_code
    except SystemExit as exit_:
        if type(sys.stdout).__name__ == "PacifyFlushWrapper":  # click's way to say that the reader has gone
            _silence_stdout()
            return ExitCode.OK
        return exit_.code if isinstance(exit_.code, int) else ExitCode.ENVIRONMENT
    except click_exception as error:
        error.show()
        return ExitCode.USAGE
    except V4Error as error:
        if "--debug" in arguments:
            raise
        _say(str(error))
        return error.code
    except (KeyboardInterrupt, typer.Abort):
        _say("interrupted")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        _silence_stdout()
        return ExitCode.OK
    except MemoryError:
        _say("out of memory: choose a smaller --model or a smaller --budget")
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
        _silence_stdout()
        return ExitCode.ENVIRONMENT
    except Exception as error:
        if "--debug" in arguments:
            raise
        _say(f"internal error: {type(error).__name__}: {error} (run again with --debug for the traceback)")
        return ExitCode.ENVIRONMENT


def main() -> None:
    gc.set_threshold(200_000, 20, 20)  # most of what a command makes lives until it ends
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = int(run(sys.argv[1:]))
    except KeyboardInterrupt:
        _stop_at_once()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command has ended: its own exit code counts
    sys.exit(code)


if __name__ == "__main__":
    main()
