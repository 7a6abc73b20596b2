"""Does every import lead somewhere, does every imported name exist there, is every name used defined?"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from .ecmascript.paths import is_ecmascript
from .go.paths import is_go
from .renaming.exactness import LANGUAGES
from .verify import Change, Check, import_targets, parse_failure, result, stem

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.facts import FileFacts, ImportFact

#: names that Python puts into every module or class body
_MODULE_NAMES = frozenset(
    "__annotations__ __builtins__ __cached__ __class__ __debug__ __dict__ __doc__ __file__ __loader__ __module__ "
    "__name__ __package__ __path__ __qualname__ __spec__ WindowsError unicode".split()
)
_PYTHON_NAMES = frozenset(dir(builtins)) | _MODULE_NAMES


def check_imports(change: Change) -> Check:
    """No import that led to a file of the repository, or that is new, leads nowhere.

    A module that is renamed while an import of its old name stays would look like one of another distribution:
    that is why imports of a top-level name that no file imported from outside before count as unresolved too.
    """
    states = {(e.source, e.module): e.state for e in change.base.edges()}
    outside = {_top(e.module) for e in change.base.edges() if e.state == "external"} | sys.stdlib_module_names
    problems = []
    for edge in change.after.edges():
        before = states.get((change.old(edge.source), edge.module))
        if edge.state in {"resolved", "ambiguous"} or before == edge.state:
            continue
        if edge.state == "external" and before is None and (_top(edge.module) in outside or is_go(edge.source)):
            continue  # in Go what the module itself does not have shows as unresolved
        problems.append(f"{edge.source}:{edge.line}: import of {edge.module} leads nowhere")
    return result("imports", problems, "every import leads where it did or to a file that is there")


def _top(module: str) -> str:
    if module.startswith("@"):
        return "/".join(module.split("/")[:2])
    return module.split("/")[0].split(".")[0]


def check_imported_names(change: Change) -> Check:
    """Names taken from changed modules (`from m import x`, `m.x`, `__all__`) exist there."""
    after = _Names(change.after)
    touched = _with_star_importers(change)
    missing = after.missing(touched, _lost(change, touched))
    if missing:
        base = _Names(change.base)
        asking = {change.old(m.path) for m in missing}
        before = base.missing({change.old(path) for path in touched} | change.paths, only=asking)
        known = {(m.path, m.name) for m in before}
        missing = [m for m in missing if (change.old(m.path), m.name) not in known]
        # a file that Python could not read before is not broken by a name it can no longer import
        unreadable = {m.path for m in missing if parse_failure(m.path, change.after.read(m.path))} - change.paths
        missing = [m for m in missing if m.path not in unreadable]
    problems = {f"{m.path}:{m.line}: {m.shown} does not exist" for m in missing}
    return result("imported names", problems, "every name taken from a changed module exists")


def _with_star_importers(change: Change) -> set[str]:
    """The changed files, and those that pass on all names of one."""
    touched = set(change.paths)
    edges = [*change.after.edges(), *change.base.edges()]
    stars = [(edge.source, edge.target) for edge in edges if "*" in edge.names]
    while more := {source for source, target in stars if target in touched} - touched:
        touched |= more
    return touched


def _lost(change: Change, touched: set[str]) -> set[str] | None:
    """Names that a touched file had and has no more. None where files came or went, which are names as well."""
    if change.moves or any((change.base.file(p) is None) != (change.after.file(p) is None) for p in change.paths):
        return None
    lost: set[str] = set()
    for path in touched:
        before, after = change.base.outline(path), change.after.outline(path)
        if before is None or after is None or before.errors:
            return None
        lost |= {e.name for e in before.exports} - {e.name for e in after.exports}
    return lost if all(name.isidentifier() and name != "__getattr__" for name in lost) else None


class Missing(NamedTuple):
    path: str
    line: int
    name: str
    shown: str


class _Names:
    """What the files of one index provide to each other."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._targets: dict[str, dict[tuple[int, str, str | None], str]] = {}
        self._folders: set[str] | None = None

    def missing(self, touched: set[str], lost: set[str] | None = None, only: set[str] | None = None) -> list[Missing]:
        """Names that are asked of a file in `touched`, or by one, and are not there. `lost`: of what other files ask,
        only these names can be missing. `only`: the files that ask."""
        sources = {edge.source for edge in self.index.edges() if edge.target in touched} | touched
        if lost is not None:
            holders = {path for name in lost for path in self.index.paths_with(name)}
            sources &= touched | holders
        if only is not None:
            sources &= only
        found: list[Missing] = []
        for path in sorted(sources):
            facts = self.index.facts(path)
            if facts is None:
                continue
            found += self._from_imports(path, facts)
            found += self._attributes(path, facts)
            found += self._listed(path, facts)
        return found

    def _from_imports(self, path: str, facts: FileFacts) -> Iterator[Missing]:
        for imported in facts.imports:
            if imported.name in {None, "*"}:
                continue
            target = self.target(path, imported)
            if target is not None and not self._shares(path) and self.provides(target, str(imported.name)) is False:
                shown = f"{imported.name} (imported from {imported.module})"
                yield Missing(path, imported.line, str(imported.name), shown)

    def _attributes(self, path: str, facts: FileFacts) -> Iterator[Missing]:
        for occurrence in facts.occurrences:
            if occurrence.binding != "import" or not occurrence.chain or occurrence.import_index < 0:
                continue
            imported = facts.imports[occurrence.import_index]
            if self._shares(path):
                dotted = ".".join((occurrence.target, occurrence.chain[0]))
                known = imported.name is not None or len(occurrence.chain) > 1 or self.target(path, imported) is None
                if not known and self.index.resolve(path, dotted) is None:
                    yield Missing(path, occurrence.line, occurrence.name, dotted)
                continue
            owner = self._module(path, imported)
            for name in occurrence.chain[:-1]:
                owner = self.submodule(owner, name) if owner is not None else None
            if owner is not None and self.provides(owner, occurrence.name) is False:
                shown = ".".join((occurrence.target, *occurrence.chain))
                yield Missing(path, occurrence.line, occurrence.name, shown)

    def _shares(self, path: str) -> bool:
        """Whether files of the language see each other's names by namespaces rather than by file."""
        language = self.index.language(path)
        return language is not None and bool(language.family)

    def _listed(self, path: str, facts: FileFacts) -> Iterator[Missing]:
        for name in facts.dunder_all or ():
            if self.provides(path, name) is False:
                line = next((o.line for o in facts.occurrences if o.name == "__all__"), 1)
                yield Missing(path, line, name, f"{name} (listed in __all__)")

    def target(self, path: str, imported: ImportFact) -> str | None:
        """The file that an import leads to (for a submodule taken from a package, the submodule), else None."""
        if path not in self._targets:
            self._targets[path] = import_targets(self.index, path)
        return self._targets[path].get((imported.line, imported.module, imported.name))

    def _module(self, path: str, imported: ImportFact) -> str | None:
        """The module file that an import binds to its local name, None when it binds no module."""
        target = self.target(path, imported)
        if target is None:
            return None
        if imported.name is None:
            dotted = imported.module.split(".")
            if path.endswith(".py") and len(dotted) > 1 and imported.local == dotted[0]:
                return self._package_above(target, len(dotted) - 1)
            return target
        if is_ecmascript(path):
            return None  # a name that is taken from a module there is no module, whatever the file is called
        if stem(target) != imported.name:
            return self.submodule(target, imported.name)
        facts = self.index.facts(target)
        named_alike = imported.module.rpartition(".")[2] == imported.name
        if named_alike and facts is not None and any(e.name == imported.name for e in facts.exports):
            return None  # `from options import options`: not the module but what it defines
        return target

    def _package_above(self, path: str, levels: int) -> str | None:
        """The `__init__.py` `levels` packages above a module."""
        folder = path.removesuffix("/__init__.py") if path.endswith("/__init__.py") else path
        parts = folder.split("/")[:-levels]
        found = "/".join([*parts, "__init__.py"])
        return found if parts and self.index.file(found) is not None else None

    def submodule(self, path: str, name: str) -> str | None:
        if not path.endswith("__init__.py"):
            return None
        folder = path.removesuffix("__init__.py")
        for candidate in (f"{folder}{name}/__init__.py", f"{folder}{name}.py", f"{folder}{name}.pyi"):
            if self.index.file(candidate) is not None:
                return candidate
        return None

    def provides(self, path: str, name: str, seen: frozenset[str] = frozenset()) -> bool | None:
        """Whether the module `path` has `name`; None when that cannot be known."""
        if path in seen:
            return False
        facts = self.index.facts(path)
        if facts is None or facts.errors or not (facts.exports or path.endswith(".py")):
            return None
        exported = {export.name for export in facts.exports}
        if name in exported or "__getattr__" in exported or stem(path) == name:
            return True
        if path.endswith(".py") and (name in _MODULE_NAMES or self._is_folder(path, name)):
            return True
        if self.submodule(path, name) is not None:
            return True
        unknown = False
        for star in self._stars(path, facts):
            answer = None if star is None else self.provides(star, name, seen | {path})
            if answer:
                return True
            unknown = unknown or answer is None
        return None if unknown else False

    def _stars(self, path: str, facts: FileFacts) -> list[str | None]:
        """The files all of whose names this one passes on; None for one outside the repository."""
        return [self.target(path, i) for i in facts.imports if i.name == "*" and (not i.local or not i.scope)]

    def _is_folder(self, path: str, name: str) -> bool:
        """Whether `name` is a package without `__init__.py`, or a compiled module, beside a package's init."""
        if not path.endswith("__init__.py"):
            return False
        if self._folders is None:
            self._folders = set()
            for record in self.index.files():
                parts = record.path.split("/")
                self._folders.update("/".join(parts[:number]) for number in range(1, len(parts)))
                self._folders.add(record.path.split(".")[0])
        return path.removesuffix("__init__.py") + name in self._folders


def check_undefined_names(change: Change) -> Check:
    """No name is used in a file that nothing defines, unless that was so before."""
    after, base = _Names(change.after), _Names(change.base)
    touched = _with_star_importers(change)
    known: set[str] = set()
    for path in sorted({change.old(path) for path in touched} | touched):
        known |= {name for name, _ in _undefined(base, path)}
    problems = []
    for path in sorted(touched):
        for name, line in _undefined(after, path):
            if name not in known:
                problems.append(f"{path}:{line}: {name} is not defined")
    return result("undefined names", problems, "every name used in a changed file is defined")


def _undefined(names: _Names, path: str) -> list[tuple[str, int]]:
    """Names of a file that hang on nothing, with the first line of each.

    In JavaScript the environment's globals are not known: there every such name is listed, on both sides.
    """
    facts = names.index.facts(path)
    if facts is None or facts.errors:
        return []
    first: dict[str, int] = {}
    for occurrence in facts.occurrences:
        if occurrence.binding == "global" and occurrence.kind in {"use", "call"}:
            first.setdefault(occurrence.name, occurrence.line)
    language = names.index.language(path)
    if language is not None and language.name in LANGUAGES:  # what a scope sees there is not told by the name alone
        first = {name: line for name, line in first.items() if not names.index.find(name)}
    elif names._shares(path):
        known = language.builtins() if language is not None else frozenset()
        unbound = [name for name in first if name not in known and names.index.resolve(path, name) is None]
        first = {name: first[name] for name in unbound}
    if path.endswith(".py"):
        stars = names._stars(path, facts)
        first = {
            name: line
            for name, line in first.items()
            if name not in _PYTHON_NAMES
            and not any(star is None or names.provides(star, name) is not False for star in stars)
        }
    return sorted(first.items(), key=lambda item: item[1])
