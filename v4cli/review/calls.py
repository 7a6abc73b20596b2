"""Calls that do not fit the signature of what they call: Python, exact references only.

A call counts when it fitted before the change, or stands on an added line.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .changes import Change
from .findings import Finding
from .modules import Modules
from .signatures import decorator_names, is_plain, misfit

if TYPE_CHECKING:
    from repo_index.facts import Definition, FileFacts, Occurrence, Parameter
    from repo_index.records import Symbol

_RAISES = re.compile(rb"(?:[rR]aises\w*\s*\(|\bexcept\b).*\b(?:TypeError|Exception)\b")
_KNOWN = re.compile(rb"\bignore\[[^\]]*(?:call-arg|call-overload|reportCallIssue)")
Signature = tuple[tuple[str, str, bool], ...]


def check(change: Change, before: Modules, after: Modules) -> Iterator[Finding]:
    """Misfits of calls anywhere of what the change gives another signature, and of calls that it adds."""
    for file in change.files:
        if not file.path.endswith(".py") or not after.is_sound(file.path):
            continue
        if before.is_sound(file.path):
            for old, symbol in _resigned(before, after, file.path):
                yield from _callers(change, after, symbol, old)
        yield from _added_calls(change, after, file.path)


def signature(definition: Definition) -> Signature:
    return tuple((p.name, p.kind, p.default is None) for p in definition.parameters)


def single(facts: FileFacts, qualified: str) -> Definition | None:
    """The definition of that name, None where the file has several: conditional ones, overloads."""
    found = [d for d in facts.definitions if d.qualified == qualified]
    return found[0] if len(found) == 1 else None


def _resigned(before: Modules, after: Modules, path: str) -> Iterator[tuple[Definition, Symbol]]:
    """(definition before, symbol now) of each function whose parameters change."""
    facts, old_facts = after.facts(path), before.facts(path)
    assert facts is not None and old_facts is not None
    wanted = {}
    for definition in facts.definitions:
        if definition.kind not in ("function", "method") or definition.name == "__new__":
            continue
        old = single(old_facts, definition.qualified)
        if old is None or single(facts, definition.qualified) is None:
            continue
        if signature(old) == signature(definition) and old.decorators == definition.decorators:
            continue
        if is_plain(definition) and old.kind == definition.kind:
            wanted[definition.qualified] = old
    if wanted:
        for symbol in after.index.symbols(path):
            if symbol.qualified in wanted:
                yield wanted[symbol.qualified], symbol


def _callers(change: Change, after: Modules, symbol: Symbol, old: Definition) -> Iterator[Finding]:
    """Misfits among the exact calls of one symbol, and of its class if it is a constructor."""
    for path, occurrence in _exact_calls(after, symbol):
        yield from _misfit(change, after, symbol, old, path, occurrence)
    if symbol.name != "__init__":
        return
    facts = after.facts(symbol.path)
    holder = single(facts, symbol.definition.parent) if facts is not None else None
    if facts is None or holder is None or not _builds_plainly(facts, holder):
        return
    for made in after.index.symbols(symbol.path):
        if made.qualified == holder.qualified:
            for path, occurrence in _exact_calls(after, made):
                yield from _misfit(change, after, symbol, old, path, occurrence, makes=True)


def _exact_calls(after: Modules, symbol: Symbol) -> Iterator[tuple[str, Occurrence]]:
    """(path, occurrence of the callee) of calls that mean the symbol for certain, under aliases too."""
    from repo_index.records import Symbol

    names, done = {symbol.name}, set[str]()
    while names - done:
        name = min(names - done)
        done.add(name)
        for path, occurrence, meant in after.index.meanings(name):
            if not isinstance(meant, Symbol) or meant.id != symbol.id:
                continue
            if occurrence.kind == "call":
                yield path, occurrence
            elif occurrence.kind == "import":
                facts = after.facts(path)
                names.update(i.local for i in (facts.imports if facts else ()) if i.name == name and i.local)


def _builds_plainly(facts: FileFacts, holder: Definition) -> bool:
    """Whether calling the class means calling its own `__init__`."""
    if holder.decorators or "metaclass" in holder.signature:
        return False
    if any(base.endswith(("Enum", "Flag", "Meta")) for base in holder.bases):
        return False
    return not any(d.qualified == f"{holder.qualified}.__new__" for d in facts.definitions)


def _misfit(
    change: Change,
    after: Modules,
    symbol: Symbol,
    old: Definition,
    path: str,
    occurrence: Occurrence,
    *,
    makes: bool = False,
) -> Iterator[Finding]:
    facts = after.facts(path)
    if facts is None or facts.errors:
        return
    call = next((c for c in facts.calls if c.callee_span == occurrence.span), None)
    if call is None:
        return
    drop = True if makes else _drops_first(after, path, facts, occurrence, symbol)
    if drop is None:
        return
    reason = misfit(call, symbol.definition.parameters, drop_first=drop)
    if reason is None:
        return
    file = change.by_path.get(path)
    is_new = file is not None and file.is_added(occurrence.line)
    if not is_new and misfit(call, old.parameters, drop_first=drop) is not None:
        return
    if _expects_an_error(after.read(path), call.callee_span[0]):
        return
    family = after.index.method_family(symbol) if symbol.kind == "method" and not makes else []
    others = [s for s in family if s.id != symbol.id]
    if any(misfit(call, s.definition.parameters, drop_first=drop) is None for s in others):
        return  # what is called may be an override
    yield _finding(path, occurrence.line, symbol, reason, makes)


def _finding(path: str, line: int, symbol: Symbol, reason: str, makes: bool) -> Finding:
    name = symbol.definition.parent if makes else symbol.qualified
    where = f"{symbol.path}:{symbol.line}"
    return Finding(path, line, "error", "broken-call", f"call of {name}() {reason}; it is defined in {where}")


def _drops_first(after: Modules, path: str, facts: FileFacts, occurrence: Occurrence, symbol: Symbol) -> bool | None:
    """Whether the callee's first parameter is filled by what it is taken from; None where that is not certain."""
    if symbol.kind == "function":
        return False
    decorators = decorator_names(symbol.definition)
    if "staticmethod" in decorators:
        return False
    of_class = "classmethod" in decorators
    content = after.read(path)
    head = content[: occurrence.span[0]].rstrip()
    taken_from = head.removesuffix(b".").rstrip().split(b"\n")[-1] if head.endswith(b".") else b""
    if occurrence.binding == "member":
        return True if of_class or not taken_from.endswith(b"cls") else None
    if occurrence.binding == "import" and len(occurrence.chain) > 1:
        prefix = ".".join((occurrence.target, *occurrence.chain[:-1]))
    elif occurrence.binding == "import" and occurrence.chain:
        prefix = occurrence.target
    elif occurrence.binding == "definition" and taken_from.endswith(symbol.definition.parent.encode()):
        return of_class
    else:
        return None
    holder = after.index.resolve(path, prefix, occurrence.scope)
    if getattr(holder, "kind", "") == "class":
        return of_class
    return None


def _added_calls(change: Change, after: Modules, path: str) -> Iterator[Finding]:
    """Misfits on added lines of calls that plain names lead to functions or classes."""
    facts = after.facts(path)
    file = change.by_path[path]
    assert facts is not None
    spans = {c.callee_span: c for c in facts.calls}
    bound = Counter(i.local for i in facts.imports)
    bound.update({d.qualified for d in facts.definitions})
    known: dict[str, tuple[tuple[Parameter, ...], bool] | None] = {}
    for occurrence in facts.occurrences:
        if occurrence.kind != "call" or not file.is_added(occurrence.line) or occurrence.span not in spans:
            continue
        symbol = _callee(after, path, facts, occurrence, bound)
        if symbol is None:
            continue
        if symbol.id not in known:
            known[symbol.id] = _callable(after, symbol)
        found = known[symbol.id]
        if found is None:
            continue
        parameters, makes = found
        reason = misfit(spans[occurrence.span], parameters, drop_first=makes)
        if reason is not None and not _expects_an_error(after.read(path), occurrence.span[0]):
            name = f"call of {symbol.qualified}() {reason}; it is defined in {symbol.path}:{symbol.line}"
            yield Finding(path, occurrence.line, "error", "broken-call", name)


def _expects_an_error(content: bytes, at: int) -> bool:
    """Whether the line says that the author knows, or `with pytest.raises(TypeError)` or the like stands around it."""
    start = content.rfind(b"\n", 0, at) + 1
    line = content[start : (content.find(b"\n", at) + 1 or len(content) + 1) - 1]
    if _RAISES.search(line) or _KNOWN.search(line):
        return True
    depth = len(line) - len(line.lstrip())
    for above in reversed(content[:start].split(b"\n")):
        text = above.lstrip()
        if not text or len(above) - len(text) >= depth:
            continue
        if _RAISES.search(text):
            return True
        depth = len(above) - len(text)
        if not depth:
            return False
    return False


def _callee(after: Modules, path: str, facts: FileFacts, occurrence: Occurrence, bound: Counter[str]) -> Symbol | None:
    """What a plain or dotted name means, where one binding of the file decides it."""
    from repo_index.records import Symbol

    if occurrence.binding == "definition":
        dotted = occurrence.target
    elif occurrence.binding == "import":
        imported = facts.imports[occurrence.import_index] if occurrence.import_index >= 0 else None
        if imported is None or imported.conditional:
            return None
        if bound[occurrence.target] > 1:  # another import or a definition may stand in for this one
            return None
        dotted = ".".join((occurrence.target, *occurrence.chain))
    else:
        return None
    found = after.index.resolve(path, dotted, occurrence.scope)
    return found if isinstance(found, Symbol) and found.name == dotted.rsplit(".", 1)[-1] else None


def _callable(after: Modules, symbol: Symbol) -> tuple[tuple[Parameter, ...], bool] | None:
    """Parameters that callers meet and whether the first is filled, None where that is not certain."""
    facts = after.facts(symbol.path)
    if facts is None or facts.errors or facts.language != "python":
        return None
    definition = single(facts, symbol.qualified)
    if definition is None:
        return None
    if definition.kind == "function" and is_plain(definition):
        return definition.parameters, False
    if definition.kind == "class" and _builds_plainly(facts, definition):
        init = single(facts, f"{definition.qualified}.__init__")
        if init is not None and is_plain(init):
            return init.parameters, True
    return None
