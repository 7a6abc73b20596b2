"""Which paths a refactoring may write: inside the repository, never git's own files, never through a link.

The rules hold for every platform at once, so that a patch made here is harmless elsewhere: names that
Windows or macOS would fold into `.git` are refused on Linux too.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from ..errors import Refused

#: files that configure git itself, or that run commands on other machines: edited only when asked for by name
_GUARDED = re.compile(
    r"(?:^|/)\.(?:gitattributes|gitmodules|gitconfig|lfsconfig)$"
    r"|^\.github/workflows/|^\.(?:pre-commit-config|gitlab-ci)\.ya?ml$|^\.(?:husky|githooks|circleci)/",
    re.IGNORECASE,
)
#: characters that HFS+ ignores in names (so `.g\u200cit` is `.git` there)
_IGNORABLE = re.compile("[\u200c\u200d\u200e\u200f\u202a-\u202e\u206a-\u206f\ufeff]")


def _folds_to_git(part: str) -> bool:
    plain = unicodedata.normalize("NFKC", _IGNORABLE.sub("", part)).casefold()
    plain = plain.split(":", 1)[0].rstrip(". ")
    return plain == ".git" or re.fullmatch(r"git~\d+", plain) is not None


def problem(path: str) -> str:
    """Why `path` (as in the index: relative, with /) may not be written by a refactoring; "" when it may."""
    if not path or path != path.strip("/") or "\0" in path or "\\" in path:
        return "not a plain path relative to the repository"
    if re.match(r"[A-Za-z]:", path):
        return "a path with a drive letter"
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "a path with empty, . or .. parts"
    if any(_folds_to_git(part) for part in parts):
        return "inside git's own folder"
    if any(len(os.fsencode(part)) > 255 for part in parts):
        return "a name longer than 255 bytes"
    return ""


def guarded(path: str) -> bool:
    """Whether `path` configures git, hooks or continuous integration."""
    return _GUARDED.search(path) is not None


def problem_on_disk(root: Path, path: str) -> str:
    """As `problem`, and what stands on disk: symbolic links on the way, or no plain file at the end."""
    if reason := problem(path):
        return reason
    place = os.fspath(root)
    parts = path.split("/")
    for number, part in enumerate(parts):
        place = os.path.join(place, part)
        try:
            mode = os.lstat(place).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return ""
        except OSError as error:
            return f"cannot be looked at: {error.strerror}"
        last = number == len(parts) - 1
        if stat.S_ISLNK(mode):
            return "a symbolic link" if last else "reached through a symbolic link"
        if last and not stat.S_ISREG(mode):
            return "a folder or a submodule" if stat.S_ISDIR(mode) else "not a plain file"
        if not last and stat.S_ISREG(mode):
            return f"below {'/'.join(parts[: number + 1])}, which is a file"
        if not last and number >= 0 and os.path.lexists(os.path.join(place, ".git")):
            return f"inside the submodule {'/'.join(parts[: number + 1])}"
    return ""


def require(root: Path, paths: list[str]) -> None:
    """Raises Refused naming the first path that may not be written."""
    for path in paths:
        if reason := problem_on_disk(root, path):
            raise Refused(f"{path}: {reason}; nothing was written")
