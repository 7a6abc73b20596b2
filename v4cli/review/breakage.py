"""What a change breaks elsewhere: two indexes, one of each side, and the files that the change concerns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .changes import Change
from .findings import Finding
from .git import Git
from .modules import Modules

if TYPE_CHECKING:
    from repo_index import Index

#: above this many changed files the other side is read as a tree of its own, so that its facts are kept
_MANY = 40
#: files that decide where imports lead
_CONFIGURATION = ("pyproject.toml", "setup.cfg", "package.json", "tsconfig.json", "jsconfig.json")


@dataclass
class Found:
    """`checked`: the files that were looked into; `contents`: those of them that hold findings."""

    findings: list[Finding] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)
    contents: dict[str, bytes] = field(default_factory=dict)


def check(git: Git, change: Change) -> Found:
    """Raises GitError (a RuntimeError) when the repository cannot be read."""
    from . import calls, imports, members, names

    base, tip = _indexes(git, change)
    before, after = Modules(base), Modules(tip)
    concerned = concerned_files(change, before, after)
    found = Found(checked=concerned)
    found.findings += imports.Imports(change, before, after).check(concerned)
    found.findings += members.check(change, before, after)
    found.findings += calls.check(change, before, after)
    found.findings += names.check(change, before, after)
    found.checked |= {f.path for f in found.findings}
    found.contents = {f.path: tip.read(f.path) for f in found.findings}
    return found


def _indexes(git: Git, change: Change) -> tuple[Index, Index]:
    """The index before and after the change."""
    from repo_index import Index

    told = git.told()
    base = Index.of_commit(git.root, change.base, variables=told)
    if len(change.files) > _MANY and change.tip is not None:
        if change.tip:
            return base, Index.of_commit(git.root, change.tip, variables=told)
        return base, Index.of_staged(git.root, variables=told)
    return base, base.with_changes(change.contents())


def concerned_files(change: Change, before: Modules, after: Modules) -> set[str]:
    """Changed files, and those whose imports ask for a file or a name that the change takes away."""
    found = {f.path for f in change.files if f.path in after.paths and after.outline(f.path) is not None}
    if _structure_changes(change, before, after):
        states = {(e.source, e.module, e.names): (e.state, e.target) for e in after.index.edges()}
        for edge in before.index.edges():
            if edge.target is not None and states.get((edge.source, edge.module, edge.names)) != (
                edge.state,
                edge.target,
            ):
                found.add(edge.source)
    losing = [
        f.path
        for f in change.files
        if f.path in before.paths and (f.path not in after.paths or before.names(f.path) - after.names(f.path))
    ]
    done: set[str] = set()
    while losing:
        path = losing.pop()
        if path in done:
            continue
        done.add(path)
        for edge in before.index.importers(path):
            found.add(edge.source)
            if "*" in edge.names or _reexports(before, edge.source, path):
                losing.append(edge.source)
    return {path for path in found if path in after.paths}


def _structure_changes(change: Change, before: Modules, after: Modules) -> bool:
    """Whether imports of unchanged files may lead elsewhere than before."""
    return (
        any(f.status == "D" for f in change.files)
        or any(f.status == "A" and _shadows(f.path, before) for f in change.files)
        or any(f.path.rsplit("/", 1)[-1] in _CONFIGURATION for f in change.files)
    )


def _shadows(path: str, before: Modules) -> bool:
    """Whether an added file may take the place of another: `a/__init__.py` beside `a.py`, a new package root."""
    folder, _, name = path.rpartition("/")
    stem = name.split(".")[0]
    if stem in ("__init__", "index"):
        return any(p.startswith((f"{folder}/", f"{folder}.")) for p in before.paths)
    beside = f"{folder}/{stem}" if folder else stem
    return any(p.startswith((f"{beside}.", f"{beside}/")) for p in before.paths)


def _reexports(before: Modules, source: str, path: str) -> bool:
    """Whether a file passes names of another on by `export ... from`."""
    facts = before.outline(source)
    return facts is not None and any(e.module and before.target(source, e.module)[1] == path for e in facts.exports)
