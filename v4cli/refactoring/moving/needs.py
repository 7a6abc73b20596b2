"""What a piece of a module's code needs in scope when it stands in another module."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from ..python.handles import Handles
from ..python.imports import ImportName
from ..python.scopes import Scopes, Use
from ..python.source import PythonSource, Span, dotted


@dataclass(slots=True)
class Need:
    """A module-level name that moved code uses. `imports` bind it in the module that it comes from; without any
    it is a definition that stays there."""

    name: str
    uses: list[Use]
    imports: list[ImportName] = field(default_factory=list)

    def typing_only(self, lazy_annotations: bool) -> bool:
        """Whether it is needed by type checkers alone."""
        return all(u.annotation and (u.quoted or lazy_annotations) for u in self.uses)

    @property
    def deferred(self) -> bool:
        return all(u.deferred for u in self.uses)


def needs(
    source: PythonSource, scopes: Scopes, handles: Handles, spans: list[Span], moved: set[str]
) -> tuple[list[Need], list[Use]]:
    """The needs of the code in `spans`, and its uses of names that nothing visible binds."""
    found: dict[str, list[Use]] = {}
    unbound: list[Use] = []
    for use in scopes.uses:
        if not any(a <= use.span[0] < b for a, b in spans):
            continue
        home = scopes.resolve(use)
        if home is scopes.module and use.name not in moved:
            found.setdefault(use.name, []).append(use)
        elif home is None:
            unbound.append(use)
    result = []
    for name, uses in sorted(found.items()):
        bound = [handles.by_alias[n] for n in scopes.module.bindings[name] if n in handles.by_alias]
        need = Need(name, uses, _needed(source, bound, uses))
        if len(bound) != len(scopes.module.bindings[name]) and bound:
            # bound by an import or, where that fails, by a definition: it is taken from the module as it is there
            need.imports = []
        result.append(need)
    return result, unbound


def _needed(source: PythonSource, bound: list[ImportName], uses: list[Use]) -> list[ImportName]:
    """Of several imports that bind one name (`import a`, `import a.b`), those that the uses go through."""
    if len(bound) <= 1:
        return bound
    chosen = []
    for use in uses:
        chain = chain_at(source, use)
        fitting = [b for b in bound if chain == b.name or chain.startswith(b.name + ".")]
        best = max(fitting, key=lambda b: len(b.name), default=None)
        if best is not None and best not in chosen:
            chosen.append(best)
    return chosen or bound


def chain_at(source: PythonSource, use: Use) -> str:
    """The dotted chain of attributes that starts at a use."""
    node: ast.AST = use.node
    if use.quoted or not isinstance(node, ast.Name):
        return use.name
    while isinstance(above := source.parents.get(node), ast.Attribute):
        node = above
    return dotted(node) or use.name
