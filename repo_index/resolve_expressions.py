"""What attributes, calls and items of something give: dotted expressions, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .dotted import join
from .namespaces import Namespace
from .records import Symbol
from .resolve_targets import DEPTH, SELF, SUPER, External, Held, Module, Several, Target, either, is_class

if TYPE_CHECKING:
    from .resolve import Resolver


def attribute(
    resolver: Resolver, target: Target | None, name: str, seen: frozenset[tuple[str, str]] = frozenset()
) -> Target | None:
    """What `.name` of a target means. External attributes stay external."""
    if isinstance(target, Module):
        found = resolver.exported(target.path, name, seen)
        if found is None and target.path.endswith("/"):
            return External(name)  # an installed package wins over a plain folder
        return found
    if isinstance(target, External):
        return External(f"{target.name}.{name}")
    if isinstance(target, Namespace):
        return resolver.below(target, name)
    if target is None:
        return None
    if isinstance(target, Several):
        return either(resolver.attribute(t, name, seen) for t in target.of)
    if target.kind == "module":
        return _inside(resolver, target, name, seen)
    holder = resolver.class_of(target)
    found = resolver.member(holder, name) if isinstance(holder, Symbol) else None
    if isinstance(holder, Several):
        found = resolver.attribute(holder, name, seen)
    if isinstance(holder, External):
        found = External(f"{holder.name}.{name}")
    if not isinstance(found, Symbol) and name == "prototype" and is_class(target):
        return target  # JavaScript's `Class.prototype.method`
    if not isinstance(found, Symbol) and not is_class(target):
        # of an object literal, or of a function with properties
        own = resolver.symbol(target.path, f"{target.qualified}.{name}")
        if own is not None and own.kind in ("method", "attribute"):
            return own
    return found


def _inside(resolver: Resolver, module: Symbol, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
    """What a module inside a file holds under a name."""
    path, scope = module.path, module.qualified
    found = resolver.symbol(path, f"{scope}.{name}")
    if found is None:
        for number, fact in enumerate(resolver.index._imports(path)):
            if fact.local == name and fact.scope == scope and (path, f"{scope}.{name}") not in seen:
                return resolver.imported(path, number, seen | {(path, f"{scope}.{name}")})
    return found


def below(resolver: Resolver, namespace: Namespace, name: str) -> Target | None:
    full = join(namespace.name, name)
    found = resolver.namespaces.symbol(namespace.family, full, namespace.near)
    if found is not None:
        return found
    if full in resolver.namespaces.known(namespace.family):
        return Namespace(namespace.family, full, namespace.near)
    holder = resolver.namespaces.symbol(namespace.family, namespace.name, namespace.near)
    return resolver.member(holder, name) if holder is not None and is_class(holder) else None  # inherited


def class_of(resolver: Resolver, target: Target | None, depth: int = 0) -> Symbol | External | Several | None:
    """The class of what a target holds or returns; a class is its own."""
    if isinstance(target, External):
        return target
    if isinstance(target, Several):
        return either(resolver.class_of(t, depth + 1) for t in target.of)  # type: ignore[return-value]
    if not isinstance(target, Symbol) or depth > DEPTH:
        return None
    if is_class(target):
        return target
    expression = target.definition.type.partition(",")[0]
    if expression == SELF and target.definition.parent:
        return resolver.symbol(target.path, target.definition.parent)
    if not expression or target.id in resolver._busy:  # `x = x.next()`
        return None
    if target.id not in resolver._classes:
        resolver._busy.add(target.id)
        parent = target.definition.parent
        value = resolver.value(target.path, expression, parent)
        if isinstance(value, Symbol) and value.id == target.id:  # a member called like its type
            value = resolver.value(target.path, expression, parent.rpartition(".")[0])
        found = resolver.class_of(value, depth + 1)
        resolver._busy.discard(target.id)
        if resolver._busy:
            return found  # it may be cut short by what is being worked out
        resolver._classes[target.id] = found
    return resolver._classes[target.id]


def value(resolver: Resolver, path: str, dotted: str, scope: str = "") -> Target | None:
    """The same as expression() of an expression that stands for what its last part returns or holds."""
    return resolver.expression(path, dotted, scope, called=True)


def expression(resolver: Resolver, path: str, dotted: str, scope: str = "", called: bool = False) -> Target | None:
    """What a dotted expression, read in `scope` of a file, means; of `A|B` either one.

    One that begins with a dot is a full name.
    """
    if "|" in dotted:
        return either(resolver.expression(path, part, scope, called) for part in dotted.split("|"))
    if dotted.endswith("[]"):
        return Held(dotted, path, scope)
    if dotted.startswith("."):
        return _full(resolver, path, dotted[1:])
    parts = dotted.split(".")
    table = resolver.table(path)
    target: Target | None = None
    used = 0
    if dotted in table and not (scope and resolver.nests(path)):
        return resolver.symbol(path, dotted)
    for count in range(len(parts) - 1, 0, -1):
        if ".".join(parts[:count]) in table and count > 1:
            target, used = resolver.symbol(path, ".".join(parts[:count])), count
            break
    if target is None and "::" in parts[0]:  # a path from a root of modules
        target, used = resolver.module(path, parts[0]), 1
    elif target is None:
        target, used = resolver.bound(path, parts[0], scope), 1
        if target is None:
            for i, fact in enumerate(resolver.index._imports(path)):  # bound in another function
                if fact.local == parts[0]:
                    target = resolver.imported(path, i)
                    break
            else:
                if resolver.builtin(path, parts[0]):
                    return None if "(" in dotted else External(dotted)
    return resolver.follow(target, parts[used:], called)


def follow(resolver: Resolver, target: Target | None, parts: Sequence[str], called: bool = False) -> Target | None:
    """Attributes of a target, one after the other; "*" is an element, "#1" the second result.

    `called`: what the last one returns is asked for, which is an object of the class that it is asked of where
    its type is Self.
    """
    inherited = False
    for at, part in enumerate(parts):
        if part == SUPER:
            inherited = True
            continue
        plain = part[:1] not in "*#(" and not part.endswith("()")
        holder = resolver.class_of(target) or target if plain and isinstance(target, Symbol) else target
        if plain and isinstance(holder, Several):
            return either(resolver.follow(t, parts[at:], called) for t in holder.of)
        if inherited and isinstance(holder, Symbol):
            target = resolver.member(holder, part, inherited_only=True)
        else:
            target = _step(resolver, target, part)
        inherited = False
        last = at + 1 == len(parts)
        if isinstance(target, Symbol) and target.definition.type == SELF and (called or not last):
            target = holder
        if target is None:
            return None
    return target


def _step(resolver: Resolver, target: Target | None, part: str) -> Target | None:
    """What one part of a dotted expression takes from a target."""
    if part == "*":
        return resolver.element(target)
    if part[:1] == "#":
        return _result(resolver, target, int(part[1:]))
    if part.startswith("("):
        from .parameter_types import parameter

        return parameter(resolver, target, part)
    if part.endswith("()") and isinstance(target, Symbol | Held):
        held = resolver.class_of(target)
        language = resolver.index.language(held.path) if isinstance(held, Held) else None
        given = language.of_container(part[:-2]) if language is not None else None
        if given is not None:
            return resolver.element(held) if given == "element" else held
    return resolver.attribute(target, part)


def _result(resolver: Resolver, target: Target | None, number: int) -> Target | None:
    """One of several results of a function."""
    if not isinstance(target, Symbol):
        return target if isinstance(target, External) else None
    types = target.definition.type.split(",")
    if number >= len(types) or not types[number]:
        return None
    return resolver.expression(target.path, types[number], target.definition.parent)


def _full(resolver: Resolver, path: str, dotted: str) -> Target | None:
    """What a dotted expression means whose first names are a global name in full, no matter what is imported."""
    family = resolver.namespaces.home(path)[0]
    parts = dotted.split(".")
    full, used = "", 0
    for part in parts:
        full = join(full, part)
        used += 1
        if full not in resolver.namespaces.known(family):
            break
    target: Target | None = resolver.namespaces.symbol(family, full, path)
    if target is None and full in resolver.namespaces.known(family):
        target = Namespace(family, full)
    if target is None:
        return External(dotted) if resolver.builtin(path, parts[0]) else None
    for part in parts[used:]:
        target = resolver.attribute(target, part) if part != "*" else resolver.element(target)
    return target


def element(resolver: Resolver, target: Target | None) -> Target | None:
    """What iterating over a target, or taking an item of it, gives."""
    if isinstance(target, Several):
        return either(resolver.element(t) for t in target.of)
    if isinstance(target, Held):
        return resolver.value(target.path, target.name[:-2], target.scope)
    if not isinstance(target, Symbol):
        return None
    expression = target.definition.type.partition(",")[0]
    containers = [t[:-2] for t in expression.split("|") if t.endswith("[]")]
    if containers:
        return resolver.value(target.path, "|".join(containers), target.definition.parent)
    holder = resolver.class_of(target)
    if isinstance(holder, Held):
        return resolver.element(holder)
    if not isinstance(holder, Symbol):
        return None  # a dictionary may hold anything
    language = resolver.index.language(target.path)
    if language is not None and language.pointers:
        return target
    for at in [holder, *resolver.ancestors(holder)]:
        if at is not target and at.definition.type.endswith("[]"):  # a named list type
            return resolver.element(at)
    for name, container in (("__iter__", True), ("__getitem__", False)):
        special = resolver.member(holder, name)
        if isinstance(special, Symbol) and special.definition.type.endswith("[]") == container:
            expression = special.definition.type.removesuffix("[]")
            return resolver.expression(special.path, expression, special.definition.parent) if expression else None
    return None
