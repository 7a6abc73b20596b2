"""Occurrences: what every identifier that the walk collected hangs on."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import Occurrence, OccurrenceKind, Span
from .ecmascript_scopes import Scope
from .ecmascript_types import UNKNOWN, State, Types
from .ecmascript_walk import Chain, DocName, Key, Name, Walk


def occurrences(walk: Walk, types: Types) -> list[Occurrence]:
    """All occurrences of a file, sorted by place."""
    found = [*_declared(walk), *_clauses(walk)]
    taken = {o.span for o in found}
    for name in walk.names:
        found.extend(_of_name(walk, types, name))
    for chain in walk.chains:
        found.extend(o for o in _of_chain(walk, types, chain) if o.span not in taken)
    for key in walk.keys:
        found.extend(_of_key(walk, types, key))
    for local, alias, span, scope in walk.aliases:
        state = types.lookup(local, scope, "any")
        found.extend(_emitted(walk, state, alias, span, "export", scope) if state is not None else ())
    for doc in walk.doc_names:
        found.extend(_of_doc(walk, types, doc))
    unique = {(o.span, o.kind == "keyword", o.binding, o.target): o for o in found}
    return sorted(unique.values(), key=lambda o: (o.span, o.kind, o.binding, o.target))


def owner(scope: Scope) -> str:
    return scope.owner.qualified if scope.owner is not None else ""


def _declared(walk: Walk) -> Iterator[Occurrence]:
    for definition in walk.definitions:
        yield _definition(walk, definition.name, definition.name_span, definition.qualified, definition.parent)
    for definition, span in walk.own_names:
        yield _definition(walk, definition.name, span, definition.qualified, definition.parent)


def _definition(walk: Walk, name: str, span: Span, qualified: str, parent: object) -> Occurrence:
    scope = getattr(parent, "qualified", "")
    return Occurrence(name, span, walk.lines.at(span[0]), "definition", "definition", qualified, scope=scope)


def _clauses(walk: Walk) -> Iterator[Occurrence]:
    for index, name, span, kind in walk.clause_names:
        pending = walk.imports[index]
        yield Occurrence(
            name,
            span,
            walk.lines.at(span[0]),
            kind,
            "import",
            pending.fact.local,
            (),
            None,
            index,
            owner(pending.scope),
        )


def _of_name(walk: Walk, types: Types, name: Name) -> Iterator[Occurrence]:
    span = (name.node.start_byte, name.node.end_byte)
    text = walk.text(name.node)
    binding = name.scope.lookup(text, name.space)
    if binding is None or binding.kind != "local":
        state = State("global", text) if binding is None else types.of_binding(text, binding)
        yield from _emitted(walk, state, text, span, name.kind, name.scope)


def _of_chain(walk: Walk, types: Types, chain: Chain) -> Iterator[Occurrence]:
    state = UNKNOWN
    properties = chain.properties
    root = chain.root
    done = 0
    if root.type in ("identifier", "type_identifier"):
        text = walk.text(root)
        binding = chain.scope.lookup(text, chain.space)
        state = State("global", text) if binding is None else types.of_binding(text, binding)
        if binding is None or binding.kind != "local":
            yield from _emitted(walk, state, text, (root.start_byte, root.end_byte), "use", chain.scope)
        exported = _commonjs(walk, types, text, properties) if binding is None else None
        if exported is not None:
            state, done = exported
            kind = chain.kind if done == len(properties) else "use"
            yield from _emitted(walk, state, *properties[done - 1], kind, chain.scope)
    else:
        state = types.expression(root, chain.scope)
    for position in range(done, len(properties)):
        name, span = properties[position]
        state = types.attribute(state, name)
        kind = chain.kind if position + 1 == len(properties) else "use"
        yield from _emitted(walk, state, name, span, kind, chain.scope)


def _commonjs(walk: Walk, types: Types, root: str, properties: list[tuple[str, Span]]) -> tuple[State, int] | None:
    """For `exports.name` and `module.exports.name`: what it is, and how many properties that took."""
    skipped = 1 if root == "module" and properties[0][0] == "exports" else 0
    if (root != "exports" and not skipped) or len(properties) <= skipped:
        return None
    name = properties[skipped][0]
    definition = walk.commonjs.get(name)
    if definition is not None:
        return State("definition", definition.qualified, definition=definition), skipped + 1
    local = walk.export_locals.get(name, "")
    binding = walk.module.lookup(local, "value")
    return (types.of_binding(local, binding), skipped + 1) if binding is not None else None


def _of_key(walk: Walk, types: Types, key: Key) -> Iterator[Occurrence]:
    state = UNKNOWN
    if key.annotation is not None:
        state = types.annotation(key.annotation, key.scope)
    if state.kind == "unknown" and key.of is not None:
        state = types.expression(key.of, key.scope)
    if state.kind == "unknown" and key.literal is not None:
        state = types.context(key.literal)
    state = types.attribute(state, key.name)
    yield from _emitted(walk, state, key.name, key.span, "keyword", key.scope)


def _of_doc(walk: Walk, types: Types, doc: DocName) -> Iterator[Occurrence]:
    """Parts of a dotted name in a comment, as far as they are known: the rest is left to the search for words."""
    first, span = doc.parts[0]
    binding = doc.scope.lookup(first, "any")
    member = doc.scope.owner.members.get(first) if binding is None and doc.scope.owner is not None else None
    if member is not None:
        state = State("definition", member.qualified, definition=member)
    elif binding is None or binding.kind == "local":
        return
    else:
        state = types.of_binding(first, binding)
    yield from _emitted(walk, state, first, span, "doc", doc.scope)
    for name, span in doc.parts[1:]:
        state = types.attribute(state, name)
        if state.kind == "member" and state.receiver.kind == "unknown":
            return
        yield from _emitted(walk, state, name, span, "doc", doc.scope)


def _emitted(
    walk: Walk, state: State, name: str, span: Span, kind: OccurrenceKind, scope: Scope
) -> Iterator[Occurrence]:
    """The occurrence of a name with that meaning; none for a local variable."""
    line, where = walk.lines.at(span[0]), owner(scope)
    if state.kind == "definition":
        yield Occurrence(name, span, line, kind, "definition", state.name, scope=where)
    elif state.kind == "import":
        yield Occurrence(name, span, line, kind, "import", state.name, state.chain, None, state.number, where)
    elif state.kind == "member":
        chain = state.chain if len(state.chain) > 1 else ()
        yield Occurrence(name, span, line, kind, "member", "", chain, state.receiver, -1, where)
    elif state.kind == "global":
        yield Occurrence(name, span, line, kind, "global", scope=where)
