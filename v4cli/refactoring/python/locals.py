"""Renaming what one scope binds: whether a new name would clash, capture, or be captured."""

from __future__ import annotations

from dataclasses import dataclass

from .scopes import BUILTINS, Scope, Scopes, Use, scopes_between


@dataclass(frozen=True, slots=True)
class Clash:
    offset: int
    what: str


def clash(scopes: Scopes, home: Scope, old: str, new: str, uses: list[Use] | None = None) -> Clash | None:
    """Why `old`, bound in `home`, cannot be called `new`; None when it can.

    `uses` are the uses of the old name that would change; by default all that mean the binding in `home`.
    """
    if new in home.bindings:
        return Clash(_offset(scopes, home.bindings[new][0]), "is bound there already")
    if uses is None:
        uses = [u for u in scopes.uses if u.name == old and scopes.resolve(u) is home]
    for use in uses:
        for scope in scopes_between(use.scope, home):
            if (scope.kind != "class" or scope is use.scope) and new in scope.bindings:
                return Clash(use.span[0], "is a local name there")
    for use in scopes.uses:
        if use.name != new or home not in use.scope.chain():
            continue
        if home.kind == "class" and home is not use.scope:
            continue
        meant = scopes.resolve(use)
        if meant is None and new in BUILTINS:
            return Clash(use.span[0], "is the built-in there")
        if meant is None or meant in home.chain()[1:]:
            return Clash(use.span[0], "is used there with another meaning")
    return None


def _offset(scopes: Scopes, node: object) -> int:
    return scopes.source.offset(node.lineno, node.col_offset)  # type: ignore[attr-defined]
