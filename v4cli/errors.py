"""Errors that a user can act on, and the exit codes of the program."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    OK = 0
    FINDINGS = 1
    """Done, with findings, or with nothing to do: no match, no change, instruction not understood."""
    USAGE = 2
    REFUSED = 3
    """A check failed. Nothing was written."""
    ENVIRONMENT = 4
    """No repository, no model, no memory, no disk."""
    INTERRUPTED = 130


class V4Error(Exception):
    """One clear line that says what is wrong and what to do. `code` is the exit code."""

    code: ExitCode = ExitCode.ENVIRONMENT

    def __init__(self, message: str, code: ExitCode | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code


class NothingToDo(V4Error):
    code = ExitCode.FINDINGS


class UsageError(V4Error):
    code = ExitCode.USAGE


class Refused(V4Error):
    code = ExitCode.REFUSED


class EnvironmentLacks(V4Error):
    code = ExitCode.ENVIRONMENT
