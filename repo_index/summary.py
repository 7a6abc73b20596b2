"""What a repository holds, in numbers: files, symbols and imports by language, kind and state.

The numbers of each file are kept in the store, so that a summary after an edit looks at the files that changed. Where
an import leads depends on other files too: on which paths there are, on configuration, on the namespaces that files
declare. All of that is the environment; when it has changed, every file is counted anew.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .facts import FileFacts
from .facts_cache import version_of
from .languages import languages, named
from .project import ProjectFiles
from .snapshot import WorkTree
from .store import Key
from .tally import tally_of

if TYPE_CHECKING:
    from .index import Index

STATES = ("resolved", "external", "ambiguous", "unresolved")
_VERSION = 1
"""Rises when the numbers change for the same files."""

Environment = dict[str, Any]
"""`versions` of the extractors, `paths` (a digest), what was `read` (path -> blob), `families` (-> digest)."""


def summary(index: Index) -> dict[str, Any]:
    """files, languages (name -> files, bytes, symbols), roles, symbols, kinds, imports (state -> statements that
    import a module), skipped (path and reason)."""
    contents = index._files
    store = index.store
    root = str(index.root)
    kept = store.persistent and isinstance(contents.source, WorkTree)
    digest = _digest(index)
    stored = store.summary(root) if kept else None
    data = _loaded(stored[1]) if stored is not None else None
    if stored is not None and data is not None and stored[0] == digest:
        found: dict[str, Any] = data["summary"]
        return found
    project = _Project(index)
    grammar = {path: key for path, key in contents.keys.items() if named(key[1]) is not None}
    versions = _versions()
    paths = _hash(contents.keys)
    known: dict[str, tuple[str, str]] = {}
    environment: Environment = {"versions": versions, "paths": paths, "read": {}, "families": {}}
    if data is not None and _holds(data["environment"], index, versions, paths, project):
        environment = data["environment"]
        known = store.counts(root)
    changed = {path: key for path, key in grammar.items() if known.get(path, ("",))[0] != key[0]}
    counted = _counted(index, project, changed, known)
    everything = {path: counted.get(path) or known[path] for path in grammar}
    result = _summed(index, {path: json.loads(counts) for path, (_, counts) in everything.items()})
    if kept:
        environment["read"] |= {path: contents.entries[path].blob for path in project.seen if path in contents.entries}
        environment["families"] |= {family: _declared(index, family) for family in project.families}
        document = json.dumps({"environment": environment, "summary": result}, separators=(",", ":"))
        store.save_summary(root, digest, document, counted, [p for p in known if p not in grammar])
    return result


def _loaded(text: str) -> dict[str, Any] | None:
    """None for what is not of this version."""
    try:
        data = json.loads(text)
        return data if data["environment"]["versions"] and "summary" in data else None
    except (ValueError, KeyError, TypeError):
        return None


def _hash(parts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _versions() -> str:
    return " ".join([str(_VERSION), *(f"{language.name}:{version_of(language)}" for language in languages())])


def _digest(index: Index) -> str:
    """Of everything that the numbers depend on."""
    contents = index._files
    keys = contents.keys
    parts = [_versions()]
    for path, entry in contents.entries.items():
        blob, language = keys.get(path, ("", ""))
        parts += (path, blob, language) if blob else (path, entry.skipped, str(entry.size))
    return _hash(parts)


class _Project(ProjectFiles):
    """Remembers which files and namespaces were looked at."""

    def __init__(self, index: Index) -> None:
        super().__init__(index._files.keys, index.read, index._outline)
        self.seen: set[str] = set()
        self.families: set[str] = set()

    def read(self, path: str) -> bytes:
        self.seen.add(path)
        return super().read(path)

    def outline(self, path: str) -> FileFacts:
        self.seen.add(path)
        return super().outline(path)

    def namespaces(self, family: str) -> Mapping[str, tuple[str, ...]]:
        self.families.add(family)
        return super().namespaces(family)


def _holds(environment: Environment, index: Index, versions: str, paths: str, project: _Project) -> bool:
    """Whether imports of files that did not change still lead where they led."""
    entries = index._files.entries
    try:
        return (
            environment["versions"] == versions
            and environment["paths"] == paths
            and all(p in entries and entries[p].blob == blob for p, blob in environment["read"].items())
            and all(_declared(index, family) == digest for family, digest in environment["families"].items())
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _declared(index: Index, family: str) -> str:
    """A digest of the namespaces that the files of a family declare."""
    wanted = {}
    for path, key in index._files.keys.items():
        language = named(key[1])
        if language is not None and language.family == family:
            wanted[path] = key
    tallies = _tallies(index, wanted)
    return _hash(part for path in wanted for part in (path, *json.loads(tallies[path])[2]))


def _tallies(index: Index, paths: Mapping[str, Key]) -> dict[str, str]:
    kept = index._cache.tallies(set(paths.values()))
    return {
        path: kept[key] if key in kept else tally_of(index.facts(path) or FileFacts(key[1]))
        for path, key in paths.items()
    }


def _counted(
    index: Index, project: _Project, paths: Mapping[str, Key], before: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """path -> (blob, counts as JSON: symbols by kind, import statements by state).

    Where a file imports what it imported before, its imports lead where they led (`before`).
    """
    old_keys = {path: (before[path][0], key[1]) for path, key in paths.items() if path in before}
    old = index._cache.tallies(set(old_keys.values())) if old_keys else {}
    found = {}
    for path, tally in _tallies(index, paths).items():
        kinds, modules, _ = json.loads(tally)
        earlier = old.get(old_keys[path]) if path in old_keys else None
        if earlier is not None and json.loads(earlier)[1] == modules:
            states = json.loads(before[path][1])[1]
        else:
            states = _states(path, paths[path][1], modules, project)
        found[path] = (paths[path][0], json.dumps([kinds, states], separators=(",", ":")))
    return found


def _states(path: str, language_name: str, modules: list[tuple[str, int, list[str]]], project: _Project) -> list[int]:
    """Statements of a file by STATES of where they lead."""
    counts = dict.fromkeys(STATES, 0)
    language = named(language_name)
    assert language is not None
    for module, statements, names in modules:
        resolution = language.resolve_module(module, path, project)
        folder = resolution.path or ""
        # a plain folder: what is no file in it comes from an installed package of that name
        plain = resolution.state == "resolved" and folder.endswith("/") and "" not in names
        absent = plain and all(language.submodule(folder, name, project) is None for name in names)
        counts["external" if absent else resolution.state] += statements
    return list(counts.values())


def _summed(index: Index, counts: Mapping[str, tuple[dict[str, int], list[int]]]) -> dict[str, Any]:
    rows: dict[str, dict[str, int]] = {}
    kinds: Counter[str] = Counter()
    roles: Counter[str] = Counter()
    imports = [0] * len(STATES)
    skipped = []
    records = index.files()
    for record in records:
        row = rows.setdefault(record.language, {"files": 0, "bytes": 0, "symbols": 0})
        row["files"] += 1
        row["bytes"] += record.size
        roles[record.role] += 1
        if record.skipped:
            skipped.append({"path": record.path, "reason": record.skipped})
        if record.path in counts:
            of_file, states = counts[record.path]
            kinds.update(of_file)
            row["symbols"] += sum(of_file.values())
            imports = [a + b for a, b in zip(imports, states, strict=True)]
    return {
        "files": len(records),
        "languages": {name: rows[name] for name in sorted(rows, key=lambda n: (-rows[n]["files"], n))},
        "roles": dict(sorted(roles.items())),
        "symbols": sum(kinds.values()),
        "kinds": dict(sorted(kinds.items())),
        "imports": dict(zip(STATES, imports, strict=True)),
        "skipped": skipped,
    }
