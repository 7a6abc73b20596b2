"""The files that `source` and `.` name."""

from __future__ import annotations

import posixpath
import re

from .base import Project, Resolution

#: the folder of the script: `$(dirname "$0")`, `$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)`, `${BASH_SOURCE%/*}`
_HERE = re.compile(
    r"""(?:\$\(.*?dirname\b.*?(?:\$\{?0\}?|BASH_SOURCE).*?\)|`.*?dirname\b.*?(?:\$\{?0\}?|BASH_SOURCE).*?`"""
    r"""|\$\{(?:0|BASH_SOURCE(?:\[0\])?)%/\*\})(?=["']?(?:/|\Z))"""
)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))(?=/)")


def specifier(written: str, assigned: dict[str, str]) -> str:
    """A sourced path as the module of an import: `./x` beside the script, `$?/x` below an unknown folder, else as
    written. `assigned` holds the values of the file's variables as written."""
    text = written.strip()
    for _ in range(4):
        variable = _VARIABLE.match(text.strip("\"'"))
        value = assigned.get(variable[1] or variable[2]) if variable is not None else None
        if variable is None or value is None:
            break
        text = value.strip("\"'") + text.strip("\"'")[variable.end() :]
    here = list(_HERE.finditer(text))
    if here:
        return "./" + re.sub(r"[\"']", "", text[here[-1].end() :]).lstrip("/")
    text = re.sub(r"[\"']", "", text)
    if text.startswith("$") and "/" in text:
        return "$?/" + text.split("/", 1)[1] if "$" not in text.split("/", 1)[1] else text
    return text


def resolve(module: str, importer: str, project: Project) -> Resolution:
    """The script that a specifier means: beside the importer, then from the top of the repository."""
    if not module or module.startswith(("/", "~")):
        return Resolution("external")
    unknown = module.startswith("$?/")
    bare = module[3:] if unknown else module
    if "$" in bare or "`" in bare:
        return Resolution("unresolved")
    for folder in (posixpath.dirname(importer), ""):
        path = posixpath.normpath(posixpath.join(folder, bare))
        if path in project.paths:
            return Resolution("resolved", path)
    if not unknown:
        return Resolution("unresolved")
    tail = "/" + posixpath.normpath(bare).lstrip("./")
    found = tuple(sorted(p for p in project.paths if f"/{p}".endswith(tail)))
    if len(found) == 1:
        return Resolution("resolved", found[0])
    return Resolution("ambiguous", found[0], found) if found else Resolution("unresolved")
