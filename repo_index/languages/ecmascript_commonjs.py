"""CommonJS and the calls that load modules: `require`, `import()`, `exports.x = ...`, `jest.mock`."""

from __future__ import annotations

from tree_sitter import Node

from ..facts import ImportKind, Span, SymbolKind
from .ecmascript_classes import open_value
from .ecmascript_exports import EQUALS, export_value, list_export
from .ecmascript_functions import open_function
from .ecmascript_patterns import bind_import
from .ecmascript_scopes import Scope
from .ecmascript_tree import CLASSES, FUNCTIONS, literal, property_key, span_of, strip
from .ecmascript_walk import Name, Walk

Module = tuple[str, Span]

_MOCKS = frozenset(
    "mock unmock doMock dontMock doUnmock setMock requireActual requireMock importActual importMock "
    "unstable_mockModule".split()
)


def _loaded(node: Node | None) -> tuple[Module, bool] | None:
    """The module that `require("x")`, `import("x")` or `await import("x")` loads, and whether by import()."""
    if node is not None and node.type == "await_expression" and node.named_child_count:
        node = strip(node.named_children[0])
    if node is None or node.type != "call_expression":
        return None
    callee = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if callee is None or arguments is None or arguments.type != "arguments":
        return None
    dynamic = callee.type == "import"
    if not dynamic and not (callee.type == "identifier" and callee.text == b"require"):
        return None
    first = next((c for c in arguments.named_children if c.type != "comment"), None)
    module = literal(first)
    return (module, dynamic) if module is not None else None


def _kind(dynamic: bool, scope: Scope) -> ImportKind:
    return "lazy" if dynamic or scope.function().kind == "function" else "runtime"


def require_declarator(walk: Walk, pattern: Node, value: Node, statement: Node, scope: Scope, target: Scope) -> bool:
    """Take `const pattern = require("x")`, `= require("x").name` and `= await import("x")` as imports."""
    core = strip(value)
    member: Node | None = None
    if core is not None and core.type == "member_expression" and pattern.type == "identifier":
        member = core.child_by_field_name("property")
        core = strip(core.child_by_field_name("object"))
    loaded = _loaded(core)
    if loaded is None or core is None or (loaded[1] and core.type != "await_expression"):
        return False
    if pattern.type not in ("identifier", "object_pattern"):
        return False
    module, dynamic = loaded
    kind = _kind(dynamic, scope)
    outer = walk.outer.get(statement.id, statement)
    if member is None:
        bind_import(walk, pattern, module, kind, outer, target, scope)
    else:
        name, local = walk.text(member), walk.text(pattern)
        index = walk.import_name(
            module,
            name,
            local,
            kind,
            outer,
            target,
            name_span=span_of(member),
            local_span=span_of(pattern),
            conditional=scope.kind == "block",
        )
        walk.clause_names.append((index, local, span_of(pattern), "import"))
        if name != "default":
            walk.clause_names.append((index, name, span_of(member), "import"))
    return True


def dynamic_import(walk: Walk, node: Node, callee: Node, arguments: Node, scope: Scope) -> bool:
    """Record a call that loads or names a module. Returns whether the callee needs no further look."""
    loaded = _loaded(node)
    if loaded is not None:
        module, dynamic = loaded
        kind: ImportKind = "type" if dynamic and _in_type(node) else _kind(dynamic, scope)
        index = walk.import_name(module, None, "", kind, node, scope, conditional=scope.kind == "block")
        walk.import_calls[node.id] = index
        if dynamic:
            _then_parameter(walk, node, index)
        return True
    first = next((c for c in arguments.named_children if c.type != "comment"), None)
    named = literal(first)
    if named is None or first is None:
        return False
    if node.type == "new_expression":
        rest = arguments.named_children[1:2]
        if walk.text(callee) == "URL" and rest and walk.text(rest[0]) == "import.meta.url" and "." in named[0][:1]:
            walk.import_name(named, None, "", "lazy", node, scope)
    elif callee.type == "member_expression":
        base, key = callee.child_by_field_name("object"), callee.child_by_field_name("property")
        called = (walk.text(base) if base is not None else "", walk.text(key) if key is not None else "")
        if called[0] in ("jest", "vi") and called[1] in _MOCKS:
            walk.import_name(named, None, "", "test", node, scope)
        elif called == ("require", "resolve"):
            walk.import_name(named, None, "", "lazy", node, scope)
    return False


def _in_type(node: Node) -> bool:
    """Whether `import("x")` stands in a type (`let v: import("x").Name`)."""
    parent = node.parent
    while parent is not None and parent.type in ("member_expression", "type_query"):
        if parent.type == "type_query":
            return True
        parent = parent.parent
    return parent is not None and (
        parent.type.endswith(("_type", "_annotation")) or parent.type in ("type_arguments", "type_alias_declaration")
    )


def _then_parameter(walk: Walk, node: Node, index: int) -> None:
    """In `import("x").then(m => ...)` the parameter is the module."""
    member = node.parent
    key = member.child_by_field_name("property") if member is not None else None
    if member is None or member.type != "member_expression" or key is None or key.text != b"then":
        return
    call = member.parent
    arguments = call.child_by_field_name("arguments") if call is not None else None
    function = arguments.named_children[0] if arguments is not None and arguments.named_child_count else None
    if function is None or function.type not in FUNCTIONS:
        return
    parameter = function.child_by_field_name("parameter")
    listed = function.child_by_field_name("parameters")
    if parameter is None and listed is not None and listed.named_child_count:
        parameter = listed.named_children[0]
        parameter = parameter.child_by_field_name("pattern") or parameter
    if parameter is not None and parameter.type in ("identifier", "object_pattern"):
        walk.import_parameters[parameter.start_byte] = index


#: an assignment to exports: the exported name (None: `module.exports` as a whole) and its node
Target = tuple[str | None, Node]


def _target(walk: Walk, left: Node, scope: Scope) -> Target | None:
    """What an assignment's left side exports: `module.exports`, `exports.name`, `module.exports.name`."""
    if left.type == "identifier":
        return (None, left) if left.text == b"exports" and _free(walk, "exports", scope) else None
    if left.type != "member_expression":
        return None
    base, key = left.child_by_field_name("object"), left.child_by_field_name("property")
    if base is None or key is None:
        return None
    if base.type == "identifier":
        if base.text == b"exports" and _free(walk, "exports", scope):
            return walk.text(key), key
        whole = base.text == b"module" and key.text == b"exports" and _free(walk, "module", scope)
        return (None, key) if whole else None
    if base.type == "member_expression":
        above = _target(walk, base, scope)
        return (walk.text(key), key) if above is not None and above[0] is None else None
    return None


def _free(walk: Walk, name: str, scope: Scope) -> bool:
    return scope.lookup(name, "value") is None


def exported_targets(walk: Walk, value: Node | None, scope: Scope) -> tuple[list[Target], Node | None]:
    """For `var app = exports = module.exports = value`: what is exported and the value itself."""
    targets: list[Target] = []
    core = value
    while core is not None and core.type == "assignment_expression":
        left = core.child_by_field_name("left")
        target = _target(walk, left, scope) if left is not None else None
        if target is None:
            return [], value
        targets.append(target)
        core = core.child_by_field_name("right")
    return targets, core


def list_exports(walk: Walk, targets: list[Target], local: str) -> None:
    """Export a name of this file under every target."""
    for name, node in targets:
        for exported in [name] if name is not None else [] if node.type == "identifier" else ["default", EQUALS]:
            list_export(walk, walk.module, exported, local, span_of(node))


def assign_exports(walk: Walk, left: list[Node], value: Node, node: Node, scope: Scope) -> bool:
    """Take an assignment to `module.exports` or `exports.name` as exports; False if it is none."""
    targets = [(_target(walk, one, scope), one) for one in left]
    if not any(target is not None for target, _ in targets):
        return False
    found = [target for target, _ in targets if target is not None]
    for target, one in targets:
        if target is None:
            walk.push(one, scope)
    whole = next((key for name, key in found if name is None and key.type != "identifier"), None)
    named = [(name, key) for name, key in found if name is not None]
    if whole is not None:
        if value.type == "object":
            for child in value.named_children:
                _export_property(walk, child, scope)
            list_export(walk, scope, "default", "*", span_of(value))
        elif not _export_loaded(walk, ["*", "default", EQUALS], value, node, scope):
            export_value(walk, node, value, whole, ["default", EQUALS], scope)
    elif not named:
        walk.push(value, scope)
    for name, key in named:
        if value.type == "identifier" and walk.text(value) == name:
            walk.names.append(Name(key, scope, "export", "value"))
        _export_named(walk, name, key, value, node, scope)
    return True


def _export_named(walk: Walk, name: str, key: Node, value: Node, node: Node, scope: Scope) -> None:
    """`exports.name = value`, or the property `name: value` of `module.exports = {...}`."""
    if value.type == "identifier":
        walk.names.append(Name(value, scope, "export", "value"))
        list_export(walk, scope, name, walk.text(value), span_of(key))
        return
    if value.type in ("undefined", "unary_expression") or _export_loaded(walk, [name], value, node, scope):
        return
    if name in walk.commonjs:
        walk.own_names.append((walk.commonjs[name], span_of(key)))
        walk.push(value, scope)
        return
    kind: SymbolKind = "constant"
    if value.type in FUNCTIONS:
        kind = "function"
    elif value.type in CLASSES:
        kind = "class"
    body = value.child_by_field_name("body") if kind != "constant" else None
    outer = walk.outer.get(node.id, node)
    definition = walk.define(name, span_of(key), kind, outer, walk.exports_scope, body=body, space=None)
    walk.commonjs[name] = definition
    list_export(walk, scope, name, name, span_of(key))
    open_value(walk, definition, value, value, scope)


def _export_loaded(walk: Walk, names: list[str], value: Node, node: Node, scope: Scope) -> bool:
    """Export what `require("x")` or `require("x").name` gives, under `names`."""
    local = "*"
    call: Node | None = value
    span: Span | None = None
    if value.type == "member_expression":
        key = value.child_by_field_name("property")
        call = value.child_by_field_name("object")
        if key is not None:
            local, span = walk.text(key), span_of(key)
    loaded = _loaded(call)
    if loaded is None or loaded[1] or call is None:
        return False
    module = loaded[0]
    star = "*" in names
    name = local if span is not None else ("*" if star else None)
    index = walk.import_name(module, name, "", "reexport", node, scope, name_span=span)
    if span is not None:
        walk.clause_names.append((index, local, span, "export"))
    for exported in names:
        if exported != "*" or local == "*":
            whole = EQUALS if local == "*" and exported in ("default", EQUALS) else local
            list_export(walk, scope, exported, whole, span_of(value), module[0])
    return True


def _export_property(walk: Walk, child: Node, scope: Scope) -> None:
    """One entry of `module.exports = {...}`."""
    if child.type == "shorthand_property_identifier":
        walk.names.append(Name(child, scope, "export", "value"))
        list_export(walk, scope, walk.text(child), walk.text(child), span_of(child))
    elif child.type == "pair":
        key, value = child.child_by_field_name("key"), strip(child.child_by_field_name("value"))
        named = property_key(key)
        if named is None or key is None or value is None:
            walk.push_children(child, scope)
            return
        if value.type == "identifier" and walk.text(value) == named[0] and key.type == "property_identifier":
            walk.names.append(Name(key, scope, "export", "value"))
        _export_named(walk, named[0], key, value, child, scope)
    elif child.type == "method_definition":
        named = property_key(child.child_by_field_name("name"))
        if named is None:
            walk.push(child, scope)
            return
        body = child.child_by_field_name("body")
        definition = walk.define(named[0], named[1], "function", child, walk.exports_scope, body=body, space=None)
        walk.commonjs[named[0]] = definition
        list_export(walk, scope, named[0], named[0], named[1])
        open_function(walk, child, scope, definition)
    elif child.type == "spread_element" and child.named_child_count:
        value = strip(child.named_children[0])
        if value is None or not _export_loaded(walk, ["*"], value, child, scope):
            walk.push(child, scope)
    else:
        walk.push(child, scope)
