"""What the identifier at a place means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .facts import Occurrence
from .fixtures import fixture
from .namespaces import Namespace
from .records import Symbol
from .resolve_targets import SUPER, External, Held, Module, Several, Target, is_class

if TYPE_CHECKING:
    from .resolve import Resolver


def occurrence(resolver: Resolver, path: str, occurrence: Occurrence) -> Symbol | Module | Namespace | External | None:
    """What the identifier at an occurrence means. None: nothing is known, or it may be one of several;
    External: nothing of this repository."""
    target = resolver.alternatives(path, occurrence)
    return None if isinstance(target, Several) else target


def alternatives(resolver: Resolver, path: str, occurrence: Occurrence) -> Target | None:
    """The same with Several where the identifier may mean more than one thing."""
    binding = occurrence.binding
    if binding == "definition":
        return resolver.symbol(path, occurrence.target)
    if binding == "import":
        target = resolver.imported(path, occurrence.import_index) if occurrence.import_index >= 0 else None
        for at, name in enumerate(occurrence.chain):
            static = _static(resolver, target, name)
            if static is None:
                return resolver.follow(target, occurrence.chain[at:])
            target = static
        return target
    if binding == "global":
        called = "()" if occurrence.kind == "call" and resolver.nests(path) else ""
        if occurrence.receiver is not None:  # the block around has a receiver
            of = resolver.expression(path, occurrence.receiver.type, occurrence.scope)
            member = resolver.attribute(of, occurrence.name + called)
            if isinstance(member, Symbol):
                return member
        found = resolver.unexplained(path, occurrence.name + called, occurrence.scope)
        return External(occurrence.name) if found is None and resolver.builtin(path, occurrence.name) else found
    if binding == "member" and occurrence.receiver is not None:
        return _of_receiver(resolver, path, occurrence)
    return fixture(resolver, path, occurrence.name, occurrence.scope) if binding == "fixture" else None


def _static(resolver: Resolver, target: Target | None, name: str) -> Symbol | None:
    """A static member of a class that has an instance member of the same name, in languages that tell them."""
    if not isinstance(target, Symbol) or target.kind != "class":
        return None
    return resolver.symbol(target.path, f"{target.qualified}.{name}#2")


def _of_receiver(resolver: Resolver, path: str, occurrence: Occurrence) -> Target | None:
    receiver = occurrence.receiver
    assert receiver is not None
    chain = occurrence.chain or (occurrence.name,)
    if receiver.kind == "unknown":
        return None
    target: Target | None
    if receiver.kind == "instance":
        holder = resolver.value(path, receiver.type, occurrence.scope)
        language = resolver.index.language(path)
        if occurrence.kind == "keyword" and language is not None and language.name == "python":
            if holder is None:
                return None
            if not (isinstance(holder, Symbol) and is_class(holder)):
                return External(occurrence.name)
            if isinstance(resolver.member(holder, "__init__"), Symbol):
                return External(occurrence.name)  # a parameter, not an attribute
        if isinstance(holder, External) and _hands_on(resolver, path, holder):
            return None
        target = holder
    else:
        target = resolver.symbol(path, receiver.type)
        if receiver.kind == "super":
            chain = (SUPER, *chain)
    target = resolver.follow(target, chain)
    if receiver.kind == "self" and len(chain) == 1 and not isinstance(target, Symbol):
        target = _root_member(resolver, path, chain[0]) or target
    if not isinstance(target, Symbol) and occurrence.kind != "doc":
        target = _extension(resolver, path, occurrence.name) or target
    return target


def _extension(resolver: Resolver, path: str, name: str) -> Symbol | None:
    """The function of that name that extends types and that a file sees: of its namespaces, or imported."""
    language = resolver.index.language(path)
    if language is None or not language.extensions_of_types:
        return None
    found = [s for s in resolver.index.find(name) if "extension" in s.definition.decorators]
    if not found:
        return None
    own = resolver.namespaces.home(path)[1]
    seen = set(language.visible(path, own, resolver.index._project()))
    named = set()
    for fact in resolver.index._imports(path):
        if fact.name == "*":
            seen.add(fact.module)
        elif fact.name == name:
            named.add(fact.module)
    for symbol in found:
        holder = resolver.namespaces.full_name(symbol).rpartition(".")[0]
        around = holder.rpartition(".")[0] if symbol.definition.parent else holder
        if symbol.path == path or {holder, around} & seen or holder in named:
            return symbol
    return None


def _root_member(resolver: Resolver, path: str, name: str) -> Symbol | None:
    """The global function that every object has as a member, in languages where that is so."""
    language = resolver.index.language(path)
    if language is None or not language.root_members:
        return None
    found = resolver.namespaces.symbol(language.family, name, path)
    return found if found is not None and not is_class(found) else None


def _hands_on(resolver: Resolver, path: str, callee: External) -> bool:
    language = resolver.index.language(path)
    return language is not None and not isinstance(callee, Held) and language.hands_on(callee.name)


def receiver_class(resolver: Resolver, path: str, occurrence: Occurrence) -> Symbol | None:
    """The class of the repository in which the attribute at an occurrence is looked up, where that is known."""
    receiver = occurrence.receiver
    if occurrence.binding != "member" or receiver is None or receiver.kind == "unknown":
        return None
    target: Target | None
    if receiver.kind == "instance":
        target = resolver.value(path, receiver.type, occurrence.scope)
    else:
        target = resolver.symbol(path, receiver.type)
    target = resolver.follow(target, occurrence.chain[:-1], called=True)
    holder = resolver.class_of(target)
    return holder if isinstance(holder, Symbol) else None
