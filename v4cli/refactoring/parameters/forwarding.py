"""Keywords that reach a function through wrappers: `def wrapper(*args, **kwargs): return function(**kwargs)`."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ...errors import NothingToDo, Refused
from ..python.source import DEFINITIONS, FUNCTIONS
from .calls import CallSite
from .signatures import Signature

if TYPE_CHECKING:
    from .family import Family


@dataclass(slots=True)
class Forwarded:
    """`keywords` are passed by calls of wrappers; `unsure` are calls, and why they may pass one."""

    keywords: list[tuple[CallSite, ast.keyword]] = field(default_factory=list)
    unsure: list[tuple[CallSite, str]] = field(default_factory=list)
    #: parameters of the wrappers, which take a keyword of that name themselves
    taken: set[str] = field(default_factory=set)


def forwarded(family: Family, site: CallSite, name: str) -> Forwarded | None:
    """Who passes the keyword `name` to the wrapper that the site, a call with `**kwargs`, stands in.

    None where the mapping is no parameter of the function around it, or is used for anything else.
    """
    found = Forwarded()
    return found if _follow(family, site, name, found, set()) else None


def _follow(family: Family, site: CallSite, name: str, found: Forwarded, seen: set[str]) -> bool:
    wrapper = next((a for a in site.source.ancestors(site.call) if isinstance(a, FUNCTIONS)), None)
    if wrapper is None or site.quoted or not _only_passes(site, wrapper):
        return False
    signature = Signature.of(wrapper)
    above = [a.name for a in site.source.ancestors(wrapper) if isinstance(a, DEFINITIONS)]
    identity = f"{site.source.path}::{'.'.join([*reversed(above), wrapper.name])}"
    if name in signature.names or identity in seen:
        return name not in signature.names
    seen.add(identity)
    found.taken |= set(signature.names)
    try:
        outer = type(family)(family.files.ws, identity)
    except (Refused, NothingToDo):
        return False
    for call in outer.calls():
        bound = call.bind([d.signature for d in outer.definitions])
        if bound is None:
            continue
        keyword = next((k for k in call.call.keywords if k.arg == name), None)
        if keyword is not None:
            if call.sure:
                found.keywords.append((call, keyword))
            else:
                found.unsure.append((call, "may call another definition of that name"))
        elif bound[1].mapping and call.sure and not _follow(outer, call, name, found, seen):
            found.unsure.append((call, f"an argument with ** may pass {name}"))
    return True


def _only_passes(site: CallSite, wrapper: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the wrapper's `**kwargs` goes into this call and is apart from that only asked whether it is empty."""
    values = [k.value for k in site.call.keywords if k.arg is None]
    star = wrapper.args.kwarg
    if star is None or len(values) != 1 or not isinstance(values[0], ast.Name) or values[0].id != star.arg:
        return False
    for node in ast.walk(wrapper):
        if not isinstance(node, ast.Name) or node.id != star.arg or node is values[0]:
            continue
        if not isinstance(site.source.parents[node], ast.If | ast.IfExp | ast.BoolOp | ast.UnaryOp):
            return False
    return True
