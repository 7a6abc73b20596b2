"""Types of Go expressions, as the dotted expressions of Definition.type.

A call stands for what it returns, so a function type is written as its results: several are separated by commas,
and `f.#1` is the second result of f. Pointers are transparent. Slices, arrays, maps (their values) and channels are
containers. "" is unknown; `struct` and `interface` are types without a name (while a file is read, `struct@` and the
place of the type).
"""

from __future__ import annotations

from typing import Any

from .go_walk import Walk, fields

_DEEP = 60
_CONTAINERS = {"slice_type": "element", "array_type": "element", "implicit_length_array_type": "element",
               "map_type": "value", "channel_type": "value"}  # fmt: skip
_LITERALS = {"interpreted_string_literal": "string", "raw_string_literal": "string", "int_literal": "int",
             "rune_literal": "rune", "float_literal": "float64", "true": "bool", "false": "bool"}  # fmt: skip
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "&&", "||"})


def first(type_: str) -> str:
    return type_.split(",", 1)[0]


def result(type_: str, number: int) -> str:
    """The type of one of several values of a call."""
    if "," in type_:
        parts = type_.split(",")
        return parts[number] if number < len(parts) else ""
    return type_ if number == 0 or not type_ else f"{type_}.#{number}"


def held(type_: str) -> str:
    """A container of a type."""
    type_ = first(type_)
    return f"{type_}[]" if type_ else ""


def element(type_: str) -> str:
    type_ = first(type_)
    if type_.endswith("[]"):
        return type_[:-2]
    return f"{type_}.*" if type_ else ""


def of_type(walk: Walk, node: Any, depth: int = 0) -> str:
    """The expression for a type as written."""
    while node is not None and depth < _DEEP:
        depth += 1
        kind = node.type
        if kind in ("type_identifier", "identifier"):
            name = walk.text(node)
            known = walk.local(name)
            return name if known is None else known
        if kind == "qualified_type":
            package = node.child_by_field_name("package")
            name = node.child_by_field_name("name")
            known = walk.local(walk.text(package))
            return f"{walk.text(package)}.{walk.text(name)}" if known is None else ""
        if kind in _CONTAINERS:
            return held(of_type(walk, node.child_by_field_name(_CONTAINERS[kind]), depth))
        if kind == "generic_type":
            node = node.child_by_field_name("type")
        elif kind in ("pointer_type", "parenthesized_type", "negated_type", "type_elem", "type_constraint"):
            inner = [c for c in node.named_children if c.type != "comment"]
            node = inner[0] if len(inner) == 1 else None
        elif kind == "function_type":
            return results(walk, node, depth)
        elif kind == "struct_type":
            return walk.owners.get(node.start_byte) or _unnamed(walk, node, depth)
        elif kind == "interface_type":
            return "" if node.named_child_count else "interface"
        else:
            return ""
    return ""


def _unnamed(walk: Walk, node: Any, depth: int) -> str:
    """A struct type without a definition: `struct@` and its place, by which field_type() knows its fields."""
    key = f"struct@{node.start_byte}"
    if key not in walk.structs:
        known = walk.structs[key] = {}
        for field in (f for c in node.named_children if c.type == "field_declaration_list" for f in c.named_children):
            type_ = field.child_by_field_name("type") if field.type == "field_declaration" else None
            names = fields(field, "name")
            if type_ is not None and not names:
                known["*"] = ""  # embedded: any name may be one of its members
            for name in names:
                known[walk.text(name)] = of_type(walk, type_, depth)
    return "" if "*" in walk.structs[key] else key


def field_type(walk: Walk, of: str, name: str) -> str | None:
    """The type of a field of a struct type without a definition, None where `of` is none."""
    return walk.structs[of].get(name, "") if of in walk.structs else None


def results(walk: Walk, function: Any, depth: int = 0) -> str:
    """What a function returns; several results are separated by commas."""
    node = function.child_by_field_name("result")
    if node is None:
        return ""
    if node.type != "parameter_list":
        return first(of_type(walk, node, depth))
    found = []
    for parameter in node.named_children:
        if parameter.type == "parameter_declaration":
            type_ = first(of_type(walk, parameter.child_by_field_name("type"), depth))
            found += [type_] * max(1, len(fields(parameter, "name")))
    return ",".join(found)


def of_value(walk: Walk, node: Any, depth: int = 0) -> str:
    """The expression for what an expression gives."""
    if node is None or depth > _DEEP:
        return ""
    depth += 1
    kind = node.type
    if kind in ("identifier", "type_identifier"):
        name = walk.text(node)
        known = walk.local(name)
        return name if known is None else known
    if kind in _LITERALS:
        return _LITERALS[kind]
    if kind == "selector_expression":
        operand = first(of_value(walk, node.child_by_field_name("operand"), depth))
        field = node.child_by_field_name("field")
        inner = field_type(walk, operand, walk.text(field)) if field is not None else None
        if inner is not None:
            return inner
        return f"{operand}.{walk.text(field)}" if operand and field is not None else ""
    if kind == "call_expression":
        return _call(walk, node, depth)
    if kind == "index_expression":
        return element(of_value(walk, node.child_by_field_name("operand"), depth))
    if kind == "slice_expression":
        return of_value(walk, node.child_by_field_name("operand"), depth)
    if kind == "unary_expression":
        operand = of_value(walk, node.child_by_field_name("operand"), depth)
        sign = node.children[0].type
        return element(operand) if sign == "<-" else "bool" if sign == "!" else operand
    if kind == "parenthesized_expression":
        return of_value(walk, node.named_children[0], depth) if node.named_child_count else ""
    if kind == "binary_expression":
        operator = node.child_by_field_name("operator")
        if operator is not None and operator.type in _COMPARISONS:
            return "bool"
        return of_value(walk, node.child_by_field_name("left"), depth)
    if kind == "func_literal":
        return results(walk, node, depth)
    if kind in ("composite_literal", "type_assertion_expression", "type_conversion_expression"):
        return of_type(walk, node.child_by_field_name("type"), depth)
    if kind == "type_instantiation_expression":
        return of_value(walk, node.child_by_field_name("type"), depth)
    return of_type(walk, node, depth)


def _call(walk: Walk, node: Any, depth: int) -> str:
    function = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if function is None:
        return ""
    if function.type == "identifier":
        name = walk.text(function)
        if name in ("make", "new", "append", "min", "max") and walk.local(name) is None and name not in walk.top:
            given = arguments.named_children if arguments is not None else []
            return of_value(walk, given[0], depth) if given else ""
    if function.type == "index_expression":
        operand = function.child_by_field_name("operand")
        root = operand
        while root is not None and root.type == "selector_expression":
            root = root.child_by_field_name("operand")
        if root is not None and root.type == "identifier" and walk.local(walk.text(root)) is None:
            return of_value(walk, operand, depth)  # type arguments, not an index
    return of_value(walk, function, depth)


def of_values(walk: Walk, nodes: list[Any], count: int) -> list[str]:
    """Types of `count` variables that are given these values."""
    if len(nodes) == count:
        return [first(of_value(walk, n)) for n in nodes]
    if len(nodes) != 1:
        return [""] * count
    value = nodes[0]
    type_ = of_value(walk, value)
    if value.type == "call_expression":
        return [result(type_, i) for i in range(count)]
    return [first(type_), *["bool"] * (count - 1)]  # v, ok := ...
