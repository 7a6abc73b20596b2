"""Is the repository at least as sound after a change as before? Every check compares the two; what was broken
already does not fail a change, what the change breaks does."""

from __future__ import annotations

import io
import json
import tokenize
import tomllib
import warnings
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repo_index import Index

#: findings of one check that are spelled out
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One property of the changed repository. `detail` names what fails, or says what was looked at."""

    name: str
    passed: bool
    detail: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Change:
    """The two sides of a change; `paths` are those that differ, `moves` maps new paths to old ones."""

    base: Index
    after: Index
    paths: frozenset[str]
    moves: Mapping[str, str]

    def old(self, path: str) -> str:
        """Where the file `path` of the changed repository stood before."""
        return self.moves.get(path, path)

    def present(self) -> list[str]:
        return sorted(path for path in self.paths if self.after.file(path) is not None)


def verify(base: Index, after: Index, changed: Collection[str], moves: Mapping[str, str] | None = None) -> list[Check]:
    """All checks of a change from `base` to `after`, in a fixed order."""
    from . import import_order, verify_names

    change = Change(base, after, frozenset(changed), dict(moves or {}))
    return [
        check_syntax(change),
        verify_names.check_imports(change),
        verify_names.check_imported_names(change),
        verify_names.check_undefined_names(change),
        check_collisions(change),
        import_order.check_import_cycles(change),
    ]


def result(name: str, problems: Collection[str], fine: str) -> Check:
    """A check that passes when there are no problems; a long list is cut."""
    if not problems:
        return Check(name, True, fine)
    shown = sorted(problems)[:SHOWN]
    more = len(problems) - len(shown)
    return Check(name, False, "; ".join(shown) + (f"; and {more} more" if more else ""))


def import_targets(index: Index, path: str) -> dict[tuple[int, str, str | None], str]:
    """(line, module, name taken; None for the module itself) -> file, of the imports of `path` that lead to one.

    A statement that takes submodules and names at once (`from pkg import mod, func`) leads to several files.
    """
    targets: dict[tuple[int, str, str | None], str] = {}
    for edge in index.imports(path):
        if edge.state == "resolved" and edge.target is not None:
            for name in edge.names or (None,):
                targets[edge.line, edge.module, name] = edge.target
    return targets


def stem(path: str) -> str:
    """The name of the module that a file is: of a package's init, the package."""
    return path.removesuffix("/__init__.py").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def check_syntax(change: Change) -> Check:
    """No file has more syntax errors than before, and what its own parser took it still takes."""
    problems = []
    for path in change.present():
        after = change.after.facts(path)
        if after is not None:
            before = change.base.facts(change.old(path))
            known = len(before.errors) if before is not None else 0
            if len(after.errors) > known:
                problems.append(f"{path}:{after.errors[0][1]}: syntax error")
                continue
        old = change.old(path)
        content = change.after.read(path)
        failure = parse_failure(path, content)
        if failure and (change.base.file(old) is None or not parse_failure(old, change.base.read(old))):
            problems.append(f"{path}{failure}")
    return result("syntax", problems, f"{len(change.present())} changed files parse")


def parse_failure(path: str, content: bytes) -> str:
    """ ":LINE: message" when Python, TOML or JSON does not take `content`; "" when it does, or for other files."""
    try:
        if path.endswith(".py"):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # compile() takes bytes that the interpreter refuses in a file: decode as it would
                encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
                content.decode(encoding)
                compile(content, path.encode("utf-8", "replace"), "exec", dont_inherit=True)
        elif path.endswith(".toml"):
            tomllib.loads(content.decode("utf-8-sig"))
        elif path.endswith(".json"):
            json.loads(content)
    except SyntaxError as error:
        return f":{error.lineno or 1}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f": {error}"
    return ""


def check_collisions(change: Change) -> Check:
    """No name is defined twice in one scope where before the change it was not."""
    before: Counter[tuple[str, ...]] = Counter()
    for path in sorted({change.old(path) for path in change.paths} | change.paths):
        before.update(kinds for _, _, kinds in _collisions(change.base, path))
    problems = []
    for path in change.present():
        for name, line, kinds in _collisions(change.after, path):
            if before[kinds]:  # the same redefinition stood somewhere before: renamed or moved, not new
                before[kinds] -= 1
            else:
                problems.append(f"{path}:{line}: {name} is defined twice ({' and '.join(kinds)})")
    return result("collisions", problems, "no name is defined twice that was not before")


def _collisions(index: Index, path: str) -> list[tuple[str, int, tuple[str, ...]]]:
    """Names bound more than once by statements of which one at least defines a class or function."""
    facts = index.facts(path)
    if facts is None:
        return []
    bound: dict[str, list[tuple[int, str]]] = {}
    for definition in facts.definitions:
        bound.setdefault(definition.qualified, []).append((definition.line, definition.kind))
    for imported in facts.imports:
        if imported.local and not imported.conditional and imported.kind not in {"lazy", "type"}:
            name = f"{imported.scope}.{imported.local}" if imported.scope else imported.local
            entry = (imported.line, "import")
            if name in bound and entry not in bound[name]:
                bound[name].append(entry)
    found = []
    for name, places in bound.items():
        kinds = tuple(kind for _, kind in sorted(places))
        if len(places) > 1 and {"class", "function", "method"} & set(kinds):
            found.append((name, max(line for line, _ in places), kinds))
    return sorted(found, key=lambda item: item[1])
