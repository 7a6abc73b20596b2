"""What a name in one file means in another: imports, re-exports, attributes of modules and classes.

Everything here works for any language whose facts follow facts.py. A chain of re-exports may be a circle; each
step is taken once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .facts import Definition, Occurrence
from .fixtures import fixture
from .namespaces import Namespace, Namespaces, join
from .records import Symbol

if TYPE_CHECKING:
    from .index import Index

_CLASSES = ("class", "interface", "enum", "type")
_DEPTH = 20
_SELF = "Self"
"""The type of what gives an object of the class that it is asked of."""
SUPER = "super()"
"""A part of a dotted expression: the next one is looked up in the base classes."""
_WHOLE = "export="
"""The name under which JavaScript files export what `module.exports = x` and `export = x` say."""


@dataclass(frozen=True, slots=True)
class Module:
    """A file as a module. A namespace package (a folder) ends with "/"."""

    path: str


@dataclass(frozen=True, slots=True)
class External:
    """Something of another distribution, of the standard library or of the language itself."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Held(External):
    """A list, map or the like; `name` is its type, read in a scope of a file."""

    path: str = ""
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Several:
    """One of several things: what a union type holds, or a name that is assigned more than one."""

    of: tuple[Symbol | Module | Namespace | External, ...]


Target = Symbol | Module | Namespace | External | Several
"""None, where a Target is not known, means that nothing can be said."""


def is_class_kind(kind: str) -> bool:
    return kind in _CLASSES


def is_class(symbol: Symbol) -> bool:
    return symbol.kind in _CLASSES


def _primary(definitions: list[Definition]) -> Definition:
    """Of several definitions of one name: the first that is no overload and no declaration alone."""
    for definition in definitions:
        if not any(d.rsplit(".", 1)[-1] in ("overload", "declaration") for d in definition.decorators):
            return definition
    return definitions[-1]


def either(targets: Iterable[Target | None]) -> Target | None:
    """One of the targets. What lies outside the repository says nothing beside what lies in it."""
    found: dict[Target, None] = {}
    for target in targets:
        if target is not None:
            found.update(dict.fromkeys(target.of if isinstance(target, Several) else (target,)))
    inside = [t for t in found if not isinstance(t, External)]
    several = inside or list(found)[:1]
    return several[0] if len(several) == 1 else Several(tuple(several)) if several else None  # type: ignore[arg-type]


class Resolver:
    """Resolution over one index. Answers are remembered: an index with other contents needs another resolver."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.namespaces = Namespaces(index)
        self._tables: dict[str, dict[str, Definition]] = {}
        self._symbols: dict[tuple[str, str], Symbol] = {}
        self._imported: dict[tuple[str, int], Target | None] = {}
        self._exported: dict[tuple[str, str], Target | None] = {}
        self._exports: dict[str, dict[str, list[int]]] = {}
        self._members: dict[tuple[str, str], Target | None] = {}
        self._bases: dict[str, list[Target | None]] = {}
        self._classes: dict[str, Symbol | External | Several | None] = {}
        self._busy: set[str] = set()
        self._derived: dict[str, list[Symbol]] = {}
        #: class id -> classes that derive from it (references.descendants)
        self.descendants: dict[str, list[Symbol]] = {}

    # -- inside one file

    def table(self, path: str) -> dict[str, Definition]:
        """qualified name -> definition of a file."""
        table = self._tables.get(path)
        if table is None:
            several: dict[str, list[Definition]] = {}
            for definition in self.index._definitions(path):
                several.setdefault(definition.qualified, []).append(definition)
            table = self._tables[path] = {q: _primary(found) for q, found in several.items()}
        return table

    def symbol(self, path: str, qualified: str) -> Symbol | None:
        key = (path, qualified)
        found = self._symbols.get(key)
        if found is None:
            definition = self.table(path).get(qualified)
            if definition is None:
                return None
            found = self._symbols[key] = Symbol(f"{path}::{qualified}", path, definition)
        return found

    def bound(
        self, path: str, name: str, scope: str = "", seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Target | None:
        """What a bare name means in `scope` of a file."""
        if self._nests(path):
            return self._nested(path, name, scope, seen)
        table = self.table(path)
        imports = self.index._imports(path)
        at = scope = self._outside_classes(path, scope)
        while True:
            holder = table.get(at)
            if at == scope or holder is None or holder.kind != "class" or self._implicit_self(path):
                found = table.get(f"{at}.{name}" if at else name)
                if found is not None and found.body_span is not None:
                    return self.symbol(path, found.qualified)
                for i, fact in enumerate(imports):
                    if fact.local == name and fact.scope == at:
                        target = self.imported(path, i, seen)
                        if target is not None:
                            return target
                if found is not None:
                    return self.symbol(path, found.qualified)
            if not at:
                return self._unbound(path, name, scope, seen)
            at = at.rpartition(".")[0]

    def _outside_classes(self, path: str, scope: str) -> str:
        """The scope without classes at its end, in languages where names in these are no members."""
        language = self.index.language(path)
        if scope and language is not None and not language.bare_members:
            table = self.table(path)
            while scope and (scope not in table or is_class_kind(table[scope].kind)):
                scope = scope.rpartition(".")[0]
        return scope

    def _implicit_self(self, path: str) -> bool:
        language = self.index.language(path)
        return language is not None and language.implicit_self

    def _nests(self, path: str) -> bool:
        language = self.index.language(path)
        return language is not None and language.nested_members

    def _global(self, path: str, name: str, scope: str) -> Target | None:
        """What a bare name that its file does not bind means."""
        if not self._nests(path):
            return self._unbound(path, name, scope)
        found = self._nested(path, name, scope)
        language = self.index.language(path)
        for other in language.spelt(name.removesuffix("()")) if found is None and language is not None else ():
            found = found or self._nested(path, other, scope)
        return found

    def _nested(
        self, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Target | None:
        """What a bare name means where the members of each class around, inherited ones included, come before what
        stands further out. `name()` asks for what can be called."""
        plain = name.removesuffix("()")
        language = self.index.language(path)
        table = self.table(path)
        open_end = False
        at = scope
        while at:
            holder = self.symbol(path, at)
            if holder is not None and is_class(holder):
                found = self.member(holder, name)
                if isinstance(found, Symbol):
                    return found
                open_end = open_end or isinstance(found, External)
                if language is not None and name != plain and plain in language.universal:
                    return External(plain)
            elif f"{at}.{plain}" in table:
                return self.symbol(path, f"{at}.{plain}")
            target = self._imported_in(path, plain, at, seen)
            if target is not None:
                return target
            at = at.rpartition(".")[0]
        target = self._imported_in(path, plain, "", seen) or self.symbol(path, plain)
        if target is None:
            global_name = self.namespaces.ambient(path, plain, scope)
            starred = None if isinstance(global_name, Symbol) else self._starred(path, plain, seen)
            target = starred or global_name
        return External(plain) if target is None and open_end and self._builtin(path, plain) else target

    def _imported_in(self, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]]) -> Target | None:
        """What an import of one scope binds `name` to."""
        for number, fact in enumerate(self.index._imports(path)):
            if fact.local == name and fact.scope == scope:
                target = self.imported(path, number, seen)
                if target is not None:
                    return target
        return None

    def _unbound(
        self, path: str, name: str, scope: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Target | None:
        """What a bare name that nothing in the file binds means: an inherited member of the classes around the scope,
        what a star import brings, a global name."""
        open_end = False
        if self._implicit_self(path):
            at = scope
            while at:
                holder = self.symbol(path, at) or self._elsewhere(path, at)
                if holder is not None and is_class(holder):
                    found = self.member(holder, name)
                    if isinstance(found, Symbol):
                        return found
                    open_end = open_end or isinstance(found, External)
                at = at.rpartition(".")[0]
        target = self._starred(path, name, seen) or self.namespaces.ambient(path, name, scope)
        return External(name) if target is None and open_end and self._builtin(path, name) else target

    def _elsewhere(self, path: str, qualified: str) -> Symbol | None:
        """What a scope of a file is where it is defined in another (a method outside of its class)."""
        family, own = self.namespaces.home(path)
        return self.namespaces.symbol(family, join(own, qualified), path) if family else None

    def _builtin(self, path: str, name: str) -> bool:
        language = self.index.language(path)
        return language is not None and name in language.builtins()

    # -- between files

    def module(
        self, path: str, specifier: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Symbol | Module | Namespace | External | None:
        """The module or namespace that a specifier written in `path` names; None when nothing does. Where specifiers
        are paths of names (Language.import_steps) it may be a module inside a file, or a class."""
        language = self.index.language(path)
        if language is None:
            return None
        specifier, names = language.import_steps(specifier)
        if names:
            target: Target | None = self.module(path, specifier)
            for name in names:
                target = self.attribute(target, name, seen)
            return None if isinstance(target, Several) else target
        resolution = language.resolve_module(specifier, path, self.index._project())
        if resolution.namespace:
            return Namespace(language.family, resolution.namespace, path)
        if resolution.path is not None:
            return Module(resolution.path)
        return External(specifier) if resolution.state == "external" else None

    def imported(self, path: str, number: int, seen: frozenset[tuple[str, str]] = frozenset()) -> Target | None:
        """What the local name of one import of a file means."""
        key = (path, number)
        if key in self._imported:
            return self._imported[key]
        fact = self.index._imports(path)[number]
        specifier = fact.module
        if fact.name is None and fact.local_span is not None and "." in specifier:
            first = specifier.split(".", 1)[0]
            inside = fact.module_span[0] <= fact.local_span[0] < fact.module_span[1]
            if first and inside and fact.local == first:  # `import a.b` binds a
                specifier = first
        target: Target | None = self.module(path, specifier, seen)
        if isinstance(target, Module) and fact.name is None:
            # `require("./x")` of a file with `module.exports = f` is f
            target = self._whole(target.path, seen) or target
        elif isinstance(target, Symbol | Module | Namespace) and fact.name is not None and fact.name != "*":
            target = self.attribute(target, fact.name, seen)
        elif isinstance(target, External) and fact.name is not None:
            target = External(f"{specifier}.{fact.name}")
        if not seen:
            self._imported[key] = target
        return target

    def exported(self, path: str, name: str, seen: frozenset[tuple[str, str]] = frozenset()) -> Target | None:
        """What importers of a file get when they ask for `name`."""
        key = (path, name)
        if key in self._exported:
            return self._exported[key]
        if key in seen:
            return None
        deeper = seen | {key}
        target: Target | None = None
        if not path.endswith("/"):
            target = self._own_export(path, name, deeper)
        if target is None:
            language = self.index.language(path) or self.index._python()
            child = language.submodule(path, name, self.index._project()) if language is not None else None
            if child is not None:
                target = Module(child)
        if not seen:
            self._exported[key] = target
        return target

    def _whole(self, path: str, seen: frozenset[tuple[str, str]]) -> Target | None:
        """What a file exports in place of a module, if it does that."""
        if path.endswith("/") or all(e.name != _WHOLE for e in self.index._exports(path)):
            return None
        target = self.exported(path, _WHOLE, seen)
        return None if target == Module(path) else target

    def _own_export(self, path: str, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
        exports = self.index._exports(path)
        numbers = self._exports.get(path)
        if numbers is None:
            numbers = self._exports[path] = {}
            for i, export in enumerate(exports):
                numbers.setdefault(export.name, []).append(i)
        for i in numbers.get(name, ()):
            export = exports[i]
            if not export.module:
                target = Module(path) if export.local == "*" else self.bound(path, export.local, "", seen)
            else:
                target = self.module(path, export.module)
                if isinstance(target, Module) and export.local != "*":
                    target = self.exported(target.path, export.local, seen)
            if target is not None:
                return target
        if name not in ("default", _WHOLE):
            for i in numbers.get("*", ()):
                if exports[i].module:
                    source = self.module(path, exports[i].module)
                    if isinstance(source, Module):
                        found = self.exported(source.path, name, seen)
                        if found is not None:
                            return found
        return self._starred(path, name, seen)

    def _starred(self, path: str, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
        """What star imports of a file bring under `name`."""
        for fact in self.index._imports(path):
            if fact.name != "*" or fact.scope:
                continue
            source = self.module(path, fact.module, seen | {(path, name)})
            if isinstance(source, Symbol):  # a module inside a file, the variants of an enum
                own = self.attribute(source, name, seen)
                if isinstance(own, Symbol | Module):
                    return own
            if isinstance(source, Namespace):
                opened = self._below(source, name)
                if isinstance(opened, Symbol):
                    return opened
            if not isinstance(source, Module) or (source.path, name) in seen or source.path.endswith("/"):
                continue
            listed = self.index._outline(source.path).dunder_all
            private = name.startswith("_") and source.path.endswith((".py", ".pyi"))
            if name in listed if listed is not None else not private:
                found = self.exported(source.path, name, seen)
                if found is not None:
                    return found
        return None

    # -- attributes

    def attribute(
        self, target: Target | None, name: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Target | None:
        """What `.name` of a target means. External attributes stay external."""
        if isinstance(target, Module):
            found = self.exported(target.path, name, seen)
            if found is None and target.path.endswith("/"):
                return External(name)  # an installed package wins over a plain folder
            return found
        if isinstance(target, External):
            return External(f"{target.name}.{name}")
        if isinstance(target, Namespace):
            return self._below(target, name)
        if target is None:
            return None
        if isinstance(target, Several):
            return either(self.attribute(t, name, seen) for t in target.of)
        if target.kind == "module":
            return self._inside(target, name, seen)
        holder = self.class_of(target)
        found = self.member(holder, name) if isinstance(holder, Symbol) else None
        if isinstance(holder, Several):
            found = self.attribute(holder, name, seen)
        if isinstance(holder, External):
            found = External(f"{holder.name}.{name}")
        if not isinstance(found, Symbol) and name == "prototype" and is_class(target):
            return target  # JavaScript's `Class.prototype.method`
        if not isinstance(found, Symbol) and not is_class(target):
            # of an object literal, or of a function with properties
            own = self.symbol(target.path, f"{target.qualified}.{name}")
            if own is not None and own.kind in ("method", "attribute"):
                return own
        return found

    def _inside(self, module: Symbol, name: str, seen: frozenset[tuple[str, str]]) -> Target | None:
        """What a module inside a file holds under a name."""
        path, scope = module.path, module.qualified
        found = self.symbol(path, f"{scope}.{name}")
        if found is None:
            for number, fact in enumerate(self.index._imports(path)):
                if fact.local == name and fact.scope == scope and (path, f"{scope}.{name}") not in seen:
                    return self.imported(path, number, seen | {(path, f"{scope}.{name}")})
        return found

    def _below(self, namespace: Namespace, name: str) -> Target | None:
        full = join(namespace.name, name)
        found = self.namespaces.symbol(namespace.family, full, namespace.near)
        if found is not None:
            return found
        if full in self.namespaces.known(namespace.family):
            return Namespace(namespace.family, full, namespace.near)
        holder = self.namespaces.symbol(namespace.family, namespace.name, namespace.near)
        return self.member(holder, name) if holder is not None and is_class(holder) else None  # inherited

    def class_of(self, target: Target | None, depth: int = 0) -> Symbol | External | Several | None:
        """The class of what a target holds or returns; a class is its own."""
        if isinstance(target, External):
            return target
        if isinstance(target, Several):
            return either(self.class_of(t, depth + 1) for t in target.of)  # type: ignore[return-value]
        if not isinstance(target, Symbol) or depth > _DEPTH:
            return None
        if is_class(target):
            return target
        expression = target.definition.type.partition(",")[0]
        if expression == _SELF and target.definition.parent:
            return self.symbol(target.path, target.definition.parent)
        if not expression or target.id in self._busy:  # `x = x.next()`
            return None
        if target.id not in self._classes:
            self._busy.add(target.id)
            parent = target.definition.parent
            value = self.value(target.path, expression, parent)
            if isinstance(value, Symbol) and value.id == target.id:  # a member called like its type
                value = self.value(target.path, expression, parent.rpartition(".")[0])
            found = self.class_of(value, depth + 1)
            self._busy.discard(target.id)
            if self._busy:
                return found  # it may be cut short by what is being worked out
            self._classes[target.id] = found
        return self._classes[target.id]

    def value(self, path: str, dotted: str, scope: str = "") -> Target | None:
        """The same as expression() of an expression that stands for what its last part returns or holds."""
        return self.expression(path, dotted, scope, called=True)

    def expression(self, path: str, dotted: str, scope: str = "", called: bool = False) -> Target | None:
        """What a dotted expression, read in `scope` of a file, means; of `A|B` either one.

        One that begins with a dot is a full name.
        """
        if "|" in dotted:
            return either(self.expression(path, part, scope, called) for part in dotted.split("|"))
        if dotted.endswith("[]"):
            return Held(dotted, path, scope)
        if dotted.startswith("."):
            return self._full(path, dotted[1:])
        parts = dotted.split(".")
        table = self.table(path)
        target: Target | None = None
        used = 0
        if dotted in table and not (scope and self._nests(path)):
            return self.symbol(path, dotted)
        for count in range(len(parts) - 1, 0, -1):
            if ".".join(parts[:count]) in table and count > 1:
                target, used = self.symbol(path, ".".join(parts[:count])), count
                break
        if target is None and "::" in parts[0]:  # a path from a root of modules
            target, used = self.module(path, parts[0]), 1
        elif target is None:
            target, used = self.bound(path, parts[0], scope), 1
            if target is None:
                for i, fact in enumerate(self.index._imports(path)):  # bound in another function
                    if fact.local == parts[0]:
                        target = self.imported(path, i)
                        break
                else:
                    if self._builtin(path, parts[0]):
                        return None if "(" in dotted else External(dotted)
        return self.follow(target, parts[used:], called)

    def follow(self, target: Target | None, parts: Sequence[str], called: bool = False) -> Target | None:
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
            holder = self.class_of(target) or target if plain and isinstance(target, Symbol) else target
            if plain and isinstance(holder, Several):
                return either(self.follow(t, parts[at:], called) for t in holder.of)
            if inherited and isinstance(holder, Symbol):
                target = self.member(holder, part, inherited_only=True)
            else:
                target = self._step(target, part)
            inherited = False
            last = at + 1 == len(parts)
            if isinstance(target, Symbol) and target.definition.type == _SELF and (called or not last):
                target = holder
            if target is None:
                return None
        return target

    def _step(self, target: Target | None, part: str) -> Target | None:
        """What one part of a dotted expression takes from a target."""
        if part == "*":
            return self.element(target)
        if part[:1] == "#":
            return self._result(target, int(part[1:]))
        if part.startswith("("):
            from .parameter_types import parameter

            return parameter(self, target, part)
        if part.endswith("()") and isinstance(target, Symbol | Held):
            held = self.class_of(target)
            language = self.index.language(held.path) if isinstance(held, Held) else None
            given = language.of_container(part[:-2]) if language is not None else None
            if given is not None:
                return self.element(held) if given == "element" else held
        return self.attribute(target, part)

    def _result(self, target: Target | None, number: int) -> Target | None:
        """One of several results of a function."""
        if not isinstance(target, Symbol):
            return target if isinstance(target, External) else None
        types = target.definition.type.split(",")
        if number >= len(types) or not types[number]:
            return None
        return self.expression(target.path, types[number], target.definition.parent)

    def _full(self, path: str, dotted: str) -> Target | None:
        """What a dotted expression means whose first names are a global name in full, no matter what is imported."""
        family = self.namespaces.home(path)[0]
        parts = dotted.split(".")
        full, used = "", 0
        for part in parts:
            full = join(full, part)
            used += 1
            if full not in self.namespaces.known(family):
                break
        target: Target | None = self.namespaces.symbol(family, full, path)
        if target is None and full in self.namespaces.known(family):
            target = Namespace(family, full)
        if target is None:
            return External(dotted) if self._builtin(path, parts[0]) else None
        for part in parts[used:]:
            target = self.attribute(target, part) if part != "*" else self.element(target)
        return target

    def element(self, target: Target | None) -> Target | None:
        """What iterating over a target, or taking an item of it, gives."""
        if isinstance(target, Several):
            return either(self.element(t) for t in target.of)
        if isinstance(target, Held):
            return self.value(target.path, target.name[:-2], target.scope)
        if not isinstance(target, Symbol):
            return None
        expression = target.definition.type.partition(",")[0]
        containers = [t[:-2] for t in expression.split("|") if t.endswith("[]")]
        if containers:
            return self.value(target.path, "|".join(containers), target.definition.parent)
        holder = self.class_of(target)
        if isinstance(holder, Held):
            return self.element(holder)
        if not isinstance(holder, Symbol):
            return None  # a dictionary may hold anything
        language = self.index.language(target.path)
        if language is not None and language.pointers:
            return target
        for at in [holder, *self.ancestors(holder)]:
            if at is not target and at.definition.type.endswith("[]"):  # a named list type
                return self.element(at)
        for name, container in (("__iter__", True), ("__getitem__", False)):
            special = self.member(holder, name)
            if isinstance(special, Symbol) and special.definition.type.endswith("[]") == container:
                expression = special.definition.type.removesuffix("[]")
                return self.expression(special.path, expression, special.definition.parent) if expression else None
        return None

    def bases(self, symbol: Symbol) -> list[Target | None]:
        """Classes that a class names as its bases, in order; None for those that nothing is known about."""
        known = self._bases.get(symbol.id)
        if known is None:
            self._bases[symbol.id] = []  # a class that is its own base
            known = []
            same = [symbol, *self.namespaces.joined(symbol)]
            ids = {s.id for s in same}
            for part in same:
                for text in part.definition.bases:
                    base = self.class_of(self.value(part.path, text, part.definition.parent))
                    for one in base.of if isinstance(base, Several) else (base,):
                        known.append(None if isinstance(one, Symbol) and one.id in ids else one)
            self._bases[symbol.id] = known
        return known

    def derived(self, path: str) -> list[Symbol]:
        """The classes of a file that name a base."""
        known = self._derived.get(path)
        if known is None:
            found = (self.symbol(path, q) for q, d in self.table(path).items() if d.bases and is_class_kind(d.kind))
            known = self._derived[path] = [s for s in found if s is not None]
        return known

    def ancestors(self, symbol: Symbol) -> list[Symbol]:
        """All base classes in the repository, depth first, without the class itself."""
        found: dict[str, Symbol] = {}
        todo = [symbol]
        while todo:
            for base in reversed(self.bases(todo.pop())):
                if isinstance(base, Symbol) and base.id not in found and base.id != symbol.id:
                    found[base.id] = base
                    todo.append(base)
        return list(found.values())

    def member(self, symbol: Symbol, name: str, inherited_only: bool = False) -> Target | None:
        """The definition that attribute `name` of a class means, its bases included.

        External when a base outside the repository may define it; None when no class here does.
        """
        key = (symbol.id, name)
        if not inherited_only and key in self._members:
            return self._members[key]
        found: Target | None = None
        if not inherited_only:
            found = self.own_member(symbol, name)
        if found is None:
            open_end = False
            language = self.index.language(symbol.path)
            embeds = language is not None and language.embeds
            for ancestor in [symbol, *self.ancestors(symbol)]:
                if ancestor is not symbol:
                    found = self.own_member(ancestor, name)
                if found is None and embeds:
                    found = next((b for b in self.bases(ancestor) if isinstance(b, Symbol) and b.name == name), None)
                if found is not None:
                    break
                open_end = open_end or any(not isinstance(b, Symbol) for b in self.bases(ancestor))
            if found is None and open_end:
                found = External(name)
        if not inherited_only:
            self._members[key] = found
        return found

    def holder(self, symbol: Symbol) -> Symbol | None:
        """The class, object or function that a symbol is defined in; a class may stand in another file."""
        parent = symbol.definition.parent
        found = self.symbol(symbol.path, parent) if parent else None
        family, namespace = self.namespaces.home(symbol.path)
        if found is None and parent and family:
            found = self.namespaces.symbol(family, join(namespace, parent), symbol.path)
        language = self.index.language(symbol.path)
        if found is None and parent and language is not None and language.open_impls:
            scope, _, name = parent.rpartition(".")
            meant = self.bound(symbol.path, name, scope)
            found = meant if isinstance(meant, Symbol) and is_class(meant) else None
        return found

    def _of_impl(self, symbol: Symbol, name: str) -> Symbol | None:
        """The member that a class gets in another file (Language.open_impls)."""
        for member in self.index.find(name, kinds=("method", "constant", "type")):
            if member.definition.parent.rpartition(".")[2] == symbol.name and member.path != symbol.path:
                holder = self.holder(member)
                if holder is not None and holder.id == symbol.id:
                    return member
        return None

    def own_member(self, symbol: Symbol, name: str) -> Symbol | None:
        """The member that a class defines itself, in another file too where classes may be continued."""
        found = self.symbol(symbol.path, f"{symbol.qualified}.{name}")
        family = self.namespaces.home(symbol.path)[0]
        if found is None and family:
            found = self.namespaces.symbol(family, join(self.namespaces.full_name(symbol), name), symbol.path)
        language = self.index.language(symbol.path)
        if found is None and language is not None and language.open_impls:
            found = self._of_impl(symbol, name)
        if found is None and symbol.kind == "enum" and language is not None and language.open_enums:
            beside, whole = self.symbol(symbol.path, join(symbol.definition.parent, name)), symbol.definition.span
            if beside is not None and beside.kind == "constant" and whole[0] <= beside.definition.span[0] < whole[1]:
                found = beside
        if found is None and name.endswith("()"):
            other = self.own_member(symbol, name[:-2])
            language = self.index.language(symbol.path)
            return other if other is not None and language is not None and language.callable(other.definition) else None
        return found

    # -- places

    def occurrence(self, path: str, occurrence: Occurrence) -> Symbol | Module | Namespace | External | None:
        """What the identifier at an occurrence means. None: nothing is known, or it may be one of several;
        External: nothing of this repository."""
        target = self.alternatives(path, occurrence)
        return None if isinstance(target, Several) else target

    def alternatives(self, path: str, occurrence: Occurrence) -> Target | None:
        """The same with Several where the identifier may mean more than one thing."""
        binding = occurrence.binding
        if binding == "definition":
            return self.symbol(path, occurrence.target)
        if binding == "import":
            target = self.imported(path, occurrence.import_index) if occurrence.import_index >= 0 else None
            for at, name in enumerate(occurrence.chain):
                static = self._static(target, name)
                if static is None:
                    return self.follow(target, occurrence.chain[at:])
                target = static
            return target
        if binding == "global":
            called = "()" if occurrence.kind == "call" and self._nests(path) else ""
            if occurrence.receiver is not None:  # the block around has a receiver
                of = self.expression(path, occurrence.receiver.type, occurrence.scope)
                member = self.attribute(of, occurrence.name + called)
                if isinstance(member, Symbol):
                    return member
            found = self._global(path, occurrence.name + called, occurrence.scope)
            return External(occurrence.name) if found is None and self._builtin(path, occurrence.name) else found
        if binding == "member" and occurrence.receiver is not None:
            return self._of_receiver(path, occurrence)
        return fixture(self, path, occurrence.name, occurrence.scope) if binding == "fixture" else None

    def _static(self, target: Target | None, name: str) -> Symbol | None:
        """A static member of a class that has an instance member of the same name, in languages that tell them."""
        if not isinstance(target, Symbol) or target.kind != "class":
            return None
        return self.symbol(target.path, f"{target.qualified}.{name}#2")

    def _of_receiver(self, path: str, occurrence: Occurrence) -> Target | None:
        receiver = occurrence.receiver
        assert receiver is not None
        chain = occurrence.chain or (occurrence.name,)
        if receiver.kind == "unknown":
            return None
        target: Target | None
        if receiver.kind == "instance":
            holder = self.value(path, receiver.type, occurrence.scope)
            language = self.index.language(path)
            if occurrence.kind == "keyword" and language is not None and language.name == "python":
                if holder is None:
                    return None
                if not (isinstance(holder, Symbol) and is_class(holder)):
                    return External(occurrence.name)
                if isinstance(self.member(holder, "__init__"), Symbol):
                    return External(occurrence.name)  # a parameter, not an attribute
            if isinstance(holder, External) and self._hands_on(path, holder):
                return None
            target = holder
        else:
            target = self.symbol(path, receiver.type)
            if receiver.kind == "super":
                chain = (SUPER, *chain)
        target = self.follow(target, chain)
        if receiver.kind == "self" and len(chain) == 1 and not isinstance(target, Symbol):
            target = self._root_member(path, chain[0]) or target
        if not isinstance(target, Symbol) and occurrence.kind != "doc":
            target = self._extension(path, occurrence.name) or target
        return target

    def _extension(self, path: str, name: str) -> Symbol | None:
        """The function of that name that extends types and that a file sees: of its namespaces, or imported."""
        language = self.index.language(path)
        if language is None or not language.extensions_of_types:
            return None
        found = [s for s in self.index.find(name) if "extension" in s.definition.decorators]
        if not found:
            return None
        own = self.namespaces.home(path)[1]
        seen = set(language.visible(path, own, self.index._project()))
        named = set()
        for fact in self.index._imports(path):
            if fact.name == "*":
                seen.add(fact.module)
            elif fact.name == name:
                named.add(fact.module)
        for symbol in found:
            holder = self.namespaces.full_name(symbol).rpartition(".")[0]
            around = holder.rpartition(".")[0] if symbol.definition.parent else holder
            if symbol.path == path or {holder, around} & seen or holder in named:
                return symbol
        return None

    def _root_member(self, path: str, name: str) -> Symbol | None:
        """The global function that every object has as a member, in languages where that is so."""
        language = self.index.language(path)
        if language is None or not language.root_members:
            return None
        found = self.namespaces.symbol(language.family, name, path)
        return found if found is not None and not is_class(found) else None

    def _hands_on(self, path: str, callee: External) -> bool:
        language = self.index.language(path)
        return language is not None and not isinstance(callee, Held) and language.hands_on(callee.name)

    def receiver_class(self, path: str, occurrence: Occurrence) -> Symbol | None:
        """The class of the repository in which the attribute at an occurrence is looked up, where that is known."""
        receiver = occurrence.receiver
        if occurrence.binding != "member" or receiver is None or receiver.kind == "unknown":
            return None
        target: Target | None
        if receiver.kind == "instance":
            target = self.value(path, receiver.type, occurrence.scope)
        else:
            target = self.symbol(path, receiver.type)
        target = self.follow(target, occurrence.chain[:-1], called=True)
        holder = self.class_of(target)
        return holder if isinstance(holder, Symbol) else None
