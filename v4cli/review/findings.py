"""What a review reports: findings with a level and a rule whose id never changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["error", "warning", "note"]

#: rule -> what it finds; ids are part of the contract: rules may be added, never renamed
RULES: dict[str, str] = {
    "broken-import": "an import that led to a file of the repository no longer does",
    "missing-name": "a name that is imported or used elsewhere no longer exists",
    "broken-call": "a call does not fit the signature of what it calls",
    "syntax-error": "a file does not parse",
    "conflict-marker": "a merge conflict marker was added",
    "debugger": "a debugger was left in",
    "undefined-name": "a name is used that nothing defines",
    "bidi": "a bidirectional control character was added: the text shows in another order than it runs",
    "invisible-character": "an invisible character was added",
    "private-key": "what looks like a private key was added",
}


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One remark on one line. Lines count from 1 in the content after the change."""

    path: str
    line: int
    level: Level
    rule: str
    message: str

    def as_text(self) -> str:
        """One line, whatever the path: line feeds and bytes that are not UTF-8 are escaped."""
        path = self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        path = path.replace("\n", "\\n")
        return f"{path}:{self.line}: {self.level}: {self.message} [{self.rule}]"

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "line": self.line,
            "level": self.level,
            "rule": self.rule,
            "message": self.message,
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Without duplicates, by path, line and rule."""
    return sorted(set(findings), key=lambda f: (f.path, f.line, f.rule, f.level, f.message))
