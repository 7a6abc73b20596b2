"""What imports bring and what files export: specifiers, re-exports, star imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .namespaces import Namespace
from .records import Symbol
from .resolve_targets import WHOLE, External, Module, Several, Target

if TYPE_CHECKING:
    from .resolve import Resolver


def module(
    resolver: Resolver, path: str, specifier: str, seen: frozenset[tuple[str, str]] = frozenset()
) -> Symbol | Module | Namespace | External | None:
    """The module or namespace that a specifier written in `path` names; None when nothing does. Where specifiers
    are paths of names (Language.import_steps) it may be a module inside a file, or a class."""
    language = resolver.index.language(path)
    if language is None:
        return None
    specifier, names = language.import_steps(specifier)
    if names:
        target: Target | None = resolver.module(path, specifier)
        for name in names:
            target = resolver.attribute(target, name, seen)
        return None if isinstance(target, Several) else target
    resolution = language.resolve_module(specifier, path, resolver.index._project())
    if resolution.namespace:
        return Namespace(language.family, resolution.namespace, path)
    if resolution.path is not None:
        return Module(resolution.path)
    return External(specifier) if resolution.state == "external" else None


def imported(
    resolver: Resolver, path: str, number: int, seen: frozenset[tuple[str, str]] = frozenset()
) -> Target | None:
    """What the local name of one import of a file means."""
    key = (path, number)
    if key in resolver._imported:
        return resolver._imported[key]
    fact = resolver.index._imports(path)[number]
    specifier = fact.module
    if fact.name is None and fact.local_span is not None and "." in specifier:
        first = specifier.split(".", 1)[0]
        inside = fact.module_span[0] <= fact.local_span[0] < fact.module_span[1]
        if first and inside and fact.local == first:  # `import a.b` binds a
            specifier = first
    target: Target | None = resolver.module(path, specifier, seen)
    if isinstance(target, Module) and fact.name is None:
        # `require("./x")` of a file with `module.exports = f` is f
        target = _whole(resolver, target.path, seen) or target
    elif isinstance(target, Symbol | Module | Namespace) and fact.name is not None and fact.name != "*":
        target = resolver.attribute(target, fact.name, seen)
    elif isinstance(target, External) and fact.name is not None:
        target = External(f"{specifier}.{fact.name}")
    if not seen:
        resolver._imported[key] = target
    return target


def exported(resolver: Resolver, path: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Target | None:
    """What importers of a file get when they ask for `name`."""
    key = (path, name)
    if key in resolver._exported:
        return resolver._exported[key]
    if key in seen:
        return None
    deeper = seen | {key}
    target: Target | None = None
    if not path.endswith("/"):
        target = _own_export(resolver, path, name, deeper)
    if target is None:
        language = resolver.index.language(path) or resolver.index._python()
        child = language.submodule(path, name, resolver.index._project()) if language is not None else None
        if child is not None:
            target = Module(child)
    if not seen:
        resolver._exported[key] = target
    return target


def _whole(resolver: Resolver, path: str, seen: frozenset[tuple[str, str]]) -> Target | None:
    """What a file exports in place of a module, if it does that."""
    if path.endswith("/") or all(e.name != WHOLE for e in resolver.index._exports(path)):
        return None
    target = resolver.exported(path, WHOLE, seen)
    return None if target == Module(path) else target


def _own_export(resolver: Resolver, path: str, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
    exports = resolver.index._exports(path)
    numbers = resolver._exports.get(path)
    if numbers is None:
        numbers = resolver._exports[path] = {}
        for i, export in enumerate(exports):
            numbers.setdefault(export.name, []).append(i)
    for i in numbers.get(name, ()):
        export = exports[i]
        if not export.module:
            target = Module(path) if export.local == "*" else resolver.bound(path, export.local, "", seen)
        else:
            target = resolver.module(path, export.module)
            if isinstance(target, Module) and export.local != "*":
                target = resolver.exported(target.path, export.local, seen)
        if target is not None:
            return target
    if name not in ("default", WHOLE):
        for i in numbers.get("*", ()):
            if exports[i].module:
                source = resolver.module(path, exports[i].module)
                if isinstance(source, Module):
                    found = resolver.exported(source.path, name, seen)
                    if found is not None:
                        return found
    return resolver.starred(path, name, seen)


def starred(resolver: Resolver, path: str, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
    """What star imports of a file bring under `name`."""
    for fact in resolver.index._imports(path):
        if fact.name != "*" or fact.scope:
            continue
        source = resolver.module(path, fact.module, seen | {(path, name)})
        if isinstance(source, Symbol):  # a module inside a file, the variants of an enum
            own = resolver.attribute(source, name, seen)
            if isinstance(own, Symbol | Module):
                return own
        if isinstance(source, Namespace):
            opened = resolver.below(source, name)
            if isinstance(opened, Symbol):
                return opened
        if not isinstance(source, Module) or (source.path, name) in seen or source.path.endswith("/"):
            continue
        listed = resolver.index._outline(source.path).dunder_all
        private = name.startswith("_") and source.path.endswith((".py", ".pyi"))
        if name in listed if listed is not None else not private:
            found = resolver.exported(source.path, name, seen)
            if isinstance(found, Module) and _own_submodule(resolver, path, name):
                continue  # a submodule of the package comes before one of the same name elsewhere
            if found is not None:
                return found
    return None


def _own_submodule(resolver: Resolver, path: str, name: str) -> str | None:
    language = resolver.index.language(path)
    return language.submodule(path, name, resolver.index._project()) if language is not None else None
