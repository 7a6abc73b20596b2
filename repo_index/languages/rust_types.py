"""Types of Rust expressions, as the dotted expressions of Definition.type.

References and smart pointers are transparent. Option, Result, collections, iterators and cells are containers of
what they hold: `unwrap()` and `?` take an element.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .rust_walk import Walk

_DEEP = 60
_TRANSPARENT = frozenset("Box Rc Arc Cow Pin ManuallyDrop Ref RefMut MutexGuard".split())
_HOLDERS = frozenset(
    "Option Result Vec VecDeque HashSet BTreeSet LinkedList BinaryHeap Iterator IntoIterator Mutex RwLock RefCell Cell "
    "OnceCell OnceLock Lazy LazyLock Poll IoResult ExactSizeIterator DoubleEndedIterator".split()
)
_MAPS = frozenset("HashMap BTreeMap IndexMap FxHashMap".split())
_SAME = frozenset("clone as_ref as_mut to_owned borrow borrow_mut iter iter_mut into_iter by_ref".split())
_SAME_OF_CONTAINER = _SAME | frozenset(
    "cloned copied lock read write ok as_deref as_deref_mut rev skip take filter peekable get get_mut first last next "
    "pop first_mut last_mut ok_or ok_or_else or or_else map_err into_boxed_slice values values_mut drain peek find "
    "inspect chain pop_front pop_back front back nth max_by min_by max_by_key min_by_key remove insert".split()
)
_ELEMENT = frozenset("unwrap expect unwrap_or_default unwrap_or unwrap_or_else unwrap_unchecked".split())


def held(type_: str) -> str:
    return f"{type_}[]" if type_ else ""


def element(type_: str) -> str:
    return type_[:-2] if type_.endswith("[]") else f"{type_}.*" if type_ else ""


def of_type(walk: Walk, node: Any, depth: int = 0) -> str:
    """The expression for a type as written."""
    while node is not None and depth < _DEEP:
        depth += 1
        kind = node.type
        if kind == "primitive_type":
            return walk.text(node)
        if kind in ("type_identifier", "identifier", "scoped_type_identifier", "scoped_identifier"):
            return walk.dotted(node)
        if kind in ("reference_type", "pointer_type"):
            node = node.child_by_field_name("type")
        elif kind in ("abstract_type", "dynamic_type"):
            node = node.child_by_field_name("trait")
        elif kind == "array_type":
            return held(of_type(walk, node.child_by_field_name("element"), depth))
        elif kind in ("generic_type", "generic_type_with_turbofish"):
            head, listed = node.child_by_field_name("type"), node.child_by_field_name("type_arguments")
            name = walk.text(head).rsplit("::", 1)[-1] if head is not None else ""
            given = [c for c in listed.named_children if c.type != "lifetime"] if listed is not None else []
            if name in _TRANSPARENT and given:
                node = given[-1]
            elif name in _HOLDERS and given:
                first = given[0].child_by_field_name("type") if given[0].type == "type_binding" else given[0]
                return held(of_type(walk, first, depth))
            elif name in _MAPS and len(given) > 1:
                return held(of_type(walk, given[1], depth))
            else:
                node = head
        else:
            return ""
    return ""


def of_value(walk: Walk, node: Any, depth: int = 0) -> str:
    """The expression for what an expression gives."""
    if node is None or depth > _DEEP:
        return ""
    depth += 1
    kind = node.type
    if kind == "self":
        return walk.self_type()
    if kind == "identifier":
        known = walk.value(walk.text(node))
        if known is not None and known[0] == "local":
            return known[1]
        return walk.dotted(node)
    if kind == "scoped_identifier":
        return walk.dotted(node)
    if kind == "field_expression":
        of, field = of_value(walk, node.child_by_field_name("value"), depth), node.child_by_field_name("field")
        if not of or of.endswith("[]") or field is None or field.type != "field_identifier":
            return ""
        return f"{of}.{walk.text(field)}"
    if kind == "call_expression":
        return _call(walk, node.child_by_field_name("function"), depth)
    if kind in ("reference_expression", "await_expression", "parenthesized_expression", "unary_expression"):
        inner = [c for c in node.named_children if c.type != "mutable_specifier"]
        return of_value(walk, node.child_by_field_name("value") or (inner[0] if inner else None), depth)
    if kind == "try_expression":
        return element(of_value(walk, node.named_children[0], depth)) if node.named_child_count else ""
    if kind == "index_expression":
        return element(of_value(walk, node.named_children[0], depth)) if node.named_child_count else ""
    if kind == "struct_expression":
        return of_type(walk, node.child_by_field_name("name"), depth)
    if kind == "type_cast_expression":
        return of_type(walk, node.child_by_field_name("type"), depth)
    if kind in ("string_literal", "raw_string_literal"):
        return "str"
    return {"integer_literal": "i32", "boolean_literal": "bool", "char_literal": "char", "float_literal": "f64"}.get(
        kind, ""
    )


def _call(walk: Walk, function: Any, depth: int) -> str:
    if function is not None and function.type == "generic_function":
        function = function.child_by_field_name("function")
    if function is None:
        return ""
    if function.type == "field_expression":
        receiver, field = function.child_by_field_name("value"), function.child_by_field_name("field")
        name, of = walk.text(field), of_value(walk, receiver, depth)
        if name in _ELEMENT:
            return element(of)
        if of.endswith("[]"):
            return of if name in _SAME_OF_CONTAINER else ""
        return of if name in _SAME else f"{of}.{name}" if of else ""
    of = of_value(walk, function, depth)
    last = of.rsplit(".", 1)[-1]
    return "" if of in ("Some", "Ok", "Err") or last in _TRANSPARENT else of
