"""A change in, findings out: the rules on single files, then what the change breaks elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from time import perf_counter

from . import added_text, parsing
from .changes import Change
from .findings import Finding, in_order
from .git import Git

_IGNORE = re.compile(rb"\bv4:\s*ignore(?:\[([\w\-, ]+)\])?")


@dataclass
class Report:
    """What a review found. `files` counts the files that changed, `checked` all that were looked into."""

    findings: list[Finding]
    files: int
    checked: int
    seconds: float
    notes: list[str] = field(default_factory=list)

    def blocks(self, *, strict: bool = False) -> bool:
        """Whether the exit code is 1: an error, or with `strict` a warning."""
        levels = {"error", "warning"} if strict else {"error"}
        return any(f.level in levels for f in self.findings)


def markers_only(change: Change) -> Report:
    """Conflict markers and nothing else: for commits in the middle of a merge or a rebase."""
    started = perf_counter()
    findings = [f for file in change.files for f in added_text.conflict_markers(file)]
    return Report(in_order(findings), len(change.files), len(change.files), perf_counter() - started)


def review(git: Git, change: Change, *, cross_file: bool = True) -> Report:
    """All rules. Without `cross_file`, those that need no index."""
    started = perf_counter()
    findings: list[Finding] = []
    for file in change.files:
        findings.extend(added_text.check(file))
        findings.extend(parsing.check(file))
    notes = []
    if change.unmerged:
        notes.append(f"{len(change.unmerged)} unmerged paths are left out, the first is {change.unmerged[0]}")
    checked = {f.path for f in change.files}
    contents: dict[str, bytes] = {f.path: f.new for f in change.files if f.new is not None}
    if cross_file and any(parsing.parses_as_code(f.path) for f in change.files):
        from . import breakage

        found = breakage.check(git, change)
        findings.extend(found.findings)
        checked |= found.checked
        contents = found.contents | contents
    kept = without_ignored(findings, contents)
    return Report(in_order(kept), len(change.files), len(checked), perf_counter() - started, notes)


def without_ignored(findings: Iterable[Finding], contents: dict[str, bytes]) -> list[Finding]:
    """Findings but those whose line says `v4: ignore` or `v4: ignore[rule, ...]`."""
    kept = []
    for finding in findings:
        lines = contents.get(finding.path, b"").split(b"\n")
        line = lines[finding.line - 1] if finding.line <= len(lines) else b""
        said = _IGNORE.search(line)
        rules = said[1].decode("ascii").replace(",", " ").split() if said and said[1] else []
        if said is None or (rules and finding.rule not in rules):
            kept.append(finding)
    return kept
