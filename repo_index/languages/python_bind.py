"""What each chain of names in a Python file hangs on, from the scopes that the walk collected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..facts import Definition, Export, FileFacts, Span
from .python_meanings import Meanings, joined
from .python_occurrences import occurrences
from .python_scopes import Binding, Chain, Name

if TYPE_CHECKING:
    from .python_walk import Walk


def bind(walk: Walk) -> FileFacts:
    """The facts of the file that was walked."""
    return _Binder(walk).facts()


class _Binder:
    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.out: FileFacts = walk.facts
        self.meanings = Meanings(walk)
        self.definitions = self.meanings.definitions

    def facts(self) -> FileFacts:
        walk, out = self.walk, self.out
        found = list(walk.definitions)
        for definition in found:
            self.definitions.setdefault(definition.qualified, definition)
        variables = list(self._variables(walk))
        for definition, _ in variables:
            self.definitions.setdefault(definition.qualified, definition)
        attributes = list(self._attributes(walk))
        for definition, _ in attributes:
            self.definitions.setdefault(definition.qualified, definition)
        listed = set(out.dunder_all) if out.dunder_all is not None else None

        def exported(d: Definition) -> bool:
            if d.parent:
                parent = self.definitions.get(d.parent)
                public = not d.name.startswith("_") or (d.name.startswith("__") and d.name.endswith("__"))
                return parent is not None and parent.kind == "class" and public and exported(parent)
            return d.name in listed if listed is not None else not d.name.startswith("_")

        done: list[Definition] = []
        for i, definition in enumerate(found):
            kind = definition.type
            if not kind and i in walk.bodies:
                kind = self.meanings.returned(definition, walk.bodies[i].returns)
            bases = tuple(self._base(b, walk.bases.get((i, n))) for n, b in enumerate(definition.bases))
            done.append(replace(definition, exported=exported(definition), type=kind, bases=bases))
        for definition, binding in variables:
            kind = binding.annotation or self.meanings.agreed(binding.values)
            done.append(replace(definition, exported=exported(definition), type=kind))
        for definition, kind in attributes:
            done.append(replace(definition, exported=exported(definition), type=kind))
        out.definitions = sorted(done, key=lambda d: (d.span[0], d.name_span))
        out.occurrences = occurrences(walk, self.meanings)
        out.calls.sort(key=lambda c: c.callee_span)
        out.texts.sort()
        self._exports()
        return out

    def _base(self, text: str, chain: Chain | None) -> str:
        """A base class as a dotted expression; `self.kind` as the attribute of the class."""
        if chain is None or self.meanings.root_state(chain).kind not in ("self", "member", "instance"):
            return text
        return self.meanings.expression(self.meanings.state(chain)) or text

    # -- definitions by assignment

    def _variables(self, walk: Walk) -> Iterator[tuple[Definition, Binding]]:
        """Names assigned in the module and in class blocks."""
        for scope in walk.scopes():
            if scope.kind not in ("module", "class"):
                continue
            if scope.kind == "class" and scope.qualified not in self.definitions:
                continue
            for text, binding in scope.bindings.items():
                if binding.block or not (binding.values or binding.statement):
                    continue
                if not binding.names:
                    continue
                name = min(binding.names, key=lambda n: n.start)
                if any(name.span == walk.facts.imports[i].local_span for i in binding.imports):
                    rest = [
                        n
                        for n in binding.names
                        if all(n.span != walk.facts.imports[i].local_span for i in binding.imports)
                    ]
                    if not rest:
                        continue
                    name = min(rest, key=lambda n: n.start)
                span, line, end_line = binding.statement or (name.span, name.line, name.line)
                kind: Any = "variable"
                if scope.kind == "class":
                    kind = "attribute"
                elif binding.is_type:
                    kind = "type"
                elif text.isupper():
                    kind = "constant"
                yield self._variable(name, kind, span, line, end_line, scope.qualified), binding

    def _variable(self, name: Name, kind: Any, span: Span, line: int, end_line: int, parent: str) -> Definition:
        text = self.walk.source[span[0] : span[1]].decode("utf-8", "replace")
        return Definition(
            qualified=joined(parent, name.text),
            name=name.text,
            kind=kind,
            name_span=name.span,
            span=span,
            line=line,
            end_line=end_line,
            exported=False,
            parent=parent,
            signature=text.split("\n", 1)[0][:160],
        )

    def _attributes(self, walk: Walk) -> Iterator[tuple[Definition, str]]:
        """`self.x = value` in methods, where the class block does not define x."""
        first: dict[str, tuple[Name, tuple[Span, int, int], str]] = {}
        kinds: dict[str, list[Chain | None]] = {}
        annotations: dict[str, str] = {}
        for chain, values, where, annotation in walk.attributes:
            state = self.meanings.root_state(chain)
            name = chain.steps[0].name
            if state.kind != "self" or name is None or state.name not in self.definitions:
                continue
            qualified = joined(state.name, name.text)
            kinds.setdefault(qualified, []).extend(values)
            if annotation:
                annotations.setdefault(qualified, annotation)
            if qualified in self.definitions:
                continue
            if qualified not in first or name.start < first[qualified][0].start:
                first[qualified] = (name, where, state.name)
        for qualified, (name, where, parent) in first.items():
            kind = annotations.get(qualified) or self.meanings.agreed(kinds[qualified])
            yield self._variable(name, "attribute", *where, parent), kind

    def _exports(self) -> None:
        listed = set(self.out.dunder_all or ())
        for text, binding in sorted(self.walk.module.bindings.items()):
            if binding.names or binding.imports:
                first = min((n.span for n in binding.names), default=None)
                self.out.exports.append(Export(text, text, "", first, text in listed))
