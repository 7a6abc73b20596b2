"""Facts of one JavaScript or TypeScript file."""

from __future__ import annotations

import re
from dataclasses import replace

from tree_sitter import Node

from ..encoding import parseable
from ..facts import Call, Definition, FileFacts, ImportFact
from . import ecmascript_declarations, ecmascript_expressions, ecmascript_modules
from .ecmascript_names import occurrences, owner
from .ecmascript_scopes import Def, name_definitions
from .ecmascript_tree import Dialect, parse, span_of, syntax_errors
from .ecmascript_types import Types
from .ecmascript_walk import PendingCall, Walk

#: importing these registers what the walk does at each kind of node
HANDLERS_OF = (ecmascript_declarations, ecmascript_expressions, ecmascript_modules)

_REFERENCE = re.compile(rb"^///\s*<reference\s+path\s*=\s*[\"']([^\"'\n]+)[\"']", re.MULTILINE)
_DOC_LINE = re.compile(r"^\s*\* ?", re.MULTILINE)


def extract(source: bytes, dialect: Dialect) -> FileFacts:
    """Facts of a file in one of the dialects. Never raises on broken code: errors are listed in the facts."""
    source = parseable(source)
    root = parse(source, dialect)
    walk = Walk(source)
    walk.run(root)
    _references(walk, root)
    if dialect == "javascript":
        _assigned_attributes(walk)
    name_definitions(walk.definitions, walk.module)
    types = Types(walk)
    facts = FileFacts(dialect)
    _exports(walk, facts)
    facts.imports = [replace(p.fact, scope=owner(p.scope)) for p in walk.imports]
    facts.definitions = _definitions(walk, types, facts)
    facts.occurrences = occurrences(walk, types)
    facts.calls = sorted((_call(call) for call in walk.calls), key=lambda c: c.callee_span)
    facts.errors = syntax_errors(root)
    facts.texts = sorted(walk.texts)
    facts.shorthands = sorted(set(walk.shorthands))
    return facts


def _references(walk: Walk, root: Node) -> None:
    """`/// <reference path="x" />` loads declarations of another file."""
    for match in _REFERENCE.finditer(walk.source):
        module = match[1].decode("utf-8", "replace")
        written = module if module.startswith(".") else f"./{module}"
        fact = ImportFact(
            written, None, "", "type", walk.lines.at(match.start()), match.span(), (match.start(1), match.end(1))
        )
        walk.add_import(fact, walk.module)


def _assigned_attributes(walk: Walk) -> None:
    """`this.x = value` defines x where nothing else does. A class with a base in another file may inherit
    the attribute instead, so that nothing is defined there."""
    for assigned in walk.this_assignments:
        if assigned.name in assigned.of.members or _may_inherit(assigned.of, assigned.name):
            continue
        inner = assigned.of.inner or walk.module.child("class", owner=assigned.of)
        assigned.of.inner = inner
        definition = walk.define(assigned.name, assigned.span, "attribute", assigned.node, inner, parent=assigned.of)
        definition.value, definition.value_scope = assigned.value, assigned.scope


def _may_inherit(definition: Def, name: str) -> bool:
    seen: set[Def] = set()
    todo = [definition]
    while todo:
        at = todo.pop()
        for base in at.bases:
            binding = at.scope.lookup(base, "any")
            above = binding.definition if binding is not None else None
            if above is None or name in above.members:
                return True
            if above not in seen:
                seen.add(above)
                todo.append(above)
    return False


def _exports(walk: Walk, facts: FileFacts) -> None:
    """The table of exports, and which definitions it makes reachable from other files."""
    names: set[str] = set()
    for export in walk.exports:
        definition = walk.commonjs.get(export.name)
        if definition is not None and export.local == export.name and not export.module:
            export = replace(export, local=definition.qualified)
        facts.exports.append(export)
        if not export.module:
            names.add(export.local)
    for definition in walk.definitions:  # parents come before their members
        if definition.parent is None:
            definition.exported = definition.qualified in names
        else:
            member = definition.parent.members.get(definition.name)
            inside = member is not None and member.qualified == definition.qualified
            definition.exported = definition.parent.exported and inside and not definition.private


def _definitions(walk: Walk, types: Types, facts: FileFacts) -> list[Definition]:
    found = []
    for d in walk.definitions:
        found.append(
            Definition(
                d.qualified,
                d.name,
                d.kind,
                d.name_span,
                d.span,
                walk.lines.at(d.name_span[0]),
                walk.lines.at(max(d.span[0], d.span[1] - 1)),
                d.exported,
                d.parent.qualified if d.parent is not None else "",
                d.body_span,
                d.signature,
                d.bases,
                d.parameters,
                d.decorators,
                _doc(walk.source, d.span[0]),
                types.of_definition(d),
            )
        )
    return sorted(found, key=lambda d: (d.span[0], d.name_span))


def _doc(source: bytes, start: int) -> str:
    """The `/** ... */` comment that ends just before a definition, without its decoration."""
    before = source[max(0, start - 20_000) : start].rstrip()
    if not before.endswith(b"*/"):
        return ""
    opened = before.rfind(b"/*")
    if opened < 0 or before[opened : opened + 3] != b"/**" or before[opened:] == b"/**/":
        return ""
    text = before[opened + 3 : -2].decode("utf-8", "replace")
    return _DOC_LINE.sub("", text).strip()


def _call(call: PendingCall) -> Call:
    given = [child for child in call.arguments.named_children if child.type != "comment"]
    spread = [child for child in given if child.type == "spread_element"]
    return Call(call.callee, span_of(call.arguments), len(given) - len(spread), (), bool(spread), owner(call.scope))
