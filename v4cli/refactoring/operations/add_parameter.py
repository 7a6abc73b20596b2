"""Add a parameter to a function or method, and pass it at call sites by rule."""

from __future__ import annotations

import ast
import keyword
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ...errors import NothingToDo, Refused
from ..ecmascript import parameters as ecmascript_parameters
from ..ecmascript.paths import is_ecmascript
from ..go import parameters as go_parameters
from ..go.paths import is_go
from ..lookup import find_symbol
from ..operation import LeftAlone, Operation, Outcome
from ..python.imports import ImportEditor, NewImport
from ..python.scopes import Scopes
from ..python.signature import add_argument, add_parameter, is_annotated, literal_type, parameter_names
from ..python.source import FUNCTIONS, FunctionNode, PythonSource, definitions_of, parse, try_parse
from ..python.wrapping import keeps_lines_short, wrap
from ..scope import Scope
from ..workspace import Edit, Workspace

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Reference, Symbol

CallSites = Literal["none", "all", "all_but_tests", "only_tests"]


class AddParameter(Operation):
    """Gives a Python function or method one more parameter, the last one that callers can pass by position;
    keyword-only behind `*`, always before `**`. Overrides of a method, overloads and conditional definitions get
    it too; for a class it is `__init__`.

    `call_sites` says which calls then pass `name=call_value`: none, all, all but those in files of tests, or only
    those; in files of the `scope` alone. A call that passes the name already, and uses that are no calls, are left
    alone and listed. With `forward`, a call inside a function that has a parameter of that name passes this on.
    `import_modules` are imported in the defining file where they are not yet. Without `annotation` a parameter with
    a literal default is annotated when all others are.

    In JavaScript and TypeScript the parameter comes last and is passed by position: a call that leaves out optional
    parameters before it passes `undefined` for them, overloads and interfaces get it as an optional one. Refused for
    functions with a rest parameter, for those that read `arguments`, and for those that are passed on as values,
    since who calls them may pass more arguments already.

    In Go it comes last too, before a variadic one, in every method that shares an interface with this one. Go has no
    defaults: a call passes `default` where `call_sites` does not ask for `call_value`. `import_modules` are imported
    where the type or the value names them. Refused for functions that are used as values.
    """

    kind: Literal["add_parameter"] = "add_parameter"
    symbol: str = Field(description="path::qualified.name")
    name: str
    default: str | None = Field(default=None, description="source text; None: no default")
    annotation: str | None = None
    call_sites: CallSites = "none"
    call_value: str | None = Field(default=None, description="source text of the argument")
    scope: Scope = Field(default_factory=Scope, description="files whose calls pass it")
    forward: bool = False
    import_modules: list[str] = Field(default_factory=list)

    def apply(self, ws: Workspace) -> Outcome:
        index = ws.index
        found = find_symbol(index, self.symbol)
        if is_ecmascript(found.path) and found.kind in {"function", "method", "class"}:
            return ecmascript_parameters.add(ws, found, self)
        if is_go(found.path):
            return go_parameters.add(ws, found, self)
        symbol = _function(index, found)
        self._check()
        family = {s.id: s for s in [symbol]}
        if symbol.kind == "method" and symbol.name not in {"__init__", "__new__"}:
            family |= {s.id: s for s in index.method_family(symbol)}
        sources: dict[str, PythonSource] = {}
        edits: dict[str, list[Edit]] = {}
        outcome = Outcome()
        definitions: list[tuple[str, FunctionNode]] = []
        for member in (family[key] for key in sorted(family)):
            source = sources.setdefault(member.path, parse(member.path, ws.read(member.path)))
            for function in definitions_of(source, member.qualified):
                definitions.append((member.path, function))
                if edit := self._define(source, function, member.id == symbol.id):
                    edits.setdefault(member.path, []).append(edit)
        if not edits:
            raise NothingToDo(f"{symbol.id} has a parameter {self.name} already")
        if self.import_modules:
            edits.setdefault(symbol.path, []).extend(self._imports(sources[symbol.path]))
        references = [r for key in sorted(family) for r in index.references(family[key])]
        if symbol.name == "__init__" and symbol.definition.parent:
            references += index.references(index.symbol(f"{symbol.path}::{symbol.definition.parent}"))
        by_place = {(r.path, r.span): r for r in references}
        self._calls(ws, index, [by_place[key] for key in sorted(by_place)], sources, edits, outcome)
        for path in sorted(edits):
            if reason := ws.protected(path):
                outcome.left_alone.append(LeftAlone(path, 1, "", reason))
                continue
            short = keeps_lines_short(ws.read(path))
            ws.edit(path, edits[path])
            if short:
                _wrap(ws, path, edits[path])
        outcome.left_alone = sorted(set(outcome.left_alone))
        return outcome

    def _check(self) -> None:
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise Refused(f"{self.name!r} cannot be the name of a parameter")
        for what in ("default", "annotation", "call_value"):
            text = getattr(self, what)
            if text is not None:
                try:
                    ast.parse(f"({text})", mode="eval")
                except (SyntaxError, ValueError):
                    raise Refused(f"{what}: {text!r} is not a Python expression") from None
        for module in self.import_modules:
            if not all(part.isidentifier() and not keyword.iskeyword(part) for part in module.split(".")):
                raise Refused(f"import_modules: {module!r} is not the name of a module")
        if self.call_sites != "none" and self.call_value is None:
            raise Refused("call_sites needs call_value, the text of the argument to pass")
        if self.default is None and (self.call_sites not in {"all"} or self.scope != Scope()):
            raise Refused(f"{self.name} has no default, so every call has to pass it: use call_sites all")

    def _define(self, source: PythonSource, function: FunctionNode, required: bool) -> Edit | None:
        if any(
            getattr(d, "id", getattr(d, "attr", "")) in {"property", "setter", "cached_property"}
            for d in function.decorator_list
        ):
            raise Refused(f"{source.path}:{function.lineno}: {function.name} is a property; it takes no arguments")
        if self.name in parameter_names(function):
            if required:
                raise NothingToDo(
                    f"{source.path}:{function.lineno}: {function.name} has a parameter {self.name} already"
                )
            return None
        scopes = Scopes(source)
        scope = scopes.scope_of[function]
        if self.name in scope.bindings:
            node = scope.bindings[self.name][0]
            raise Refused(f"{source.path}:{node.lineno}: {self.name} is a local name of {function.name} already")  # type: ignore[attr-defined]
        for use in scopes.uses:
            if use.name == self.name and scope in use.scope.chain():
                home = scopes.resolve(use)
                if home is None or home in scope.chain():
                    line = source.line_of(use.span[0])
                    raise Refused(
                        f"{source.path}:{line}: {function.name} uses {self.name} from outside; choose another name"
                    )
        annotation = self.annotation
        if annotation is None and self.default is not None and is_annotated(function):
            annotation = literal_type(self.default)
        return add_parameter(source, function, self.name, self.default, annotation)

    def _imports(self, source: PythonSource) -> list[Edit]:
        editor = ImportEditor(source)
        bound = Scopes(source).module.bindings
        for module in sorted(set(self.import_modules)):
            if any(
                s.node in source.tree.body and not s.is_from and any(n.name == module and not n.asname for n in s.names)
                for s in editor.statements
            ):
                continue
            if module.split(".")[0] in bound:
                imported = any(
                    n.local == module.split(".")[0] and not s.is_from for s in editor.statements for n in s.names
                )
                if not imported:
                    raise Refused(
                        f"{source.path}: {module.split('.')[0]} is bound there already, so {module} cannot be imported"
                    )
            editor.add_top(NewImport(module))
        return editor.edits()

    def _calls(
        self,
        ws: Workspace,
        index: Index,
        references: list[Reference],
        sources: dict[str, PythonSource],
        edits: dict[str, list[Edit]],
        outcome: Outcome,
    ) -> None:
        """Pass the argument where the rule says so; list what uses the function otherwise."""
        calls: dict[str, dict[int, ast.Call]] = {}
        for reference in references:
            path = reference.path
            if reference.certainty == "text" or reference.kind in {"definition", "import", "export", "doc"}:
                continue
            if path not in calls:
                source = sources.get(path) or try_parse(path, ws.read(path))
                calls[path] = {} if source is None else _calls_by_callee(source)
                if source is not None:
                    sources[path] = source
                else:
                    outcome.left_alone.append(LeftAlone(path, reference.line, "", "the file does not parse"))
            if path not in sources:
                continue
            source = sources[path]
            call = calls[path].get(reference.span[1])
            reason = self._reason(index, path, reference, call)
            if reason:
                text = source.line_text(reference.line).strip()[:200]
                outcome.left_alone.append(LeftAlone(path, reference.line, text, reason))
            elif reason is None and call is not None:
                edits.setdefault(path, []).extend(add_argument(source, call, self.name, self._value(source, call)))

    def _reason(self, index: Index, path: str, reference: Reference, call: ast.Call | None) -> str | None:
        """None: the call passes the argument. "": it stays, which needs no word. Else why it stays."""
        if call is None:
            return "uses the function without calling it" if reference.kind != "string" else "names it in a string"
        if self.call_sites == "none":
            return ""
        record = index.file(path)
        in_tests = record is not None and record.role == "test"
        if (self.call_sites == "all_but_tests" and in_tests) or (self.call_sites == "only_tests" and not in_tests):
            return ""
        if self.scope.reason(index, path):
            return ""
        if any(k.arg == self.name for k in call.keywords):
            return f"passes {self.name} already"
        if reference.certainty != "exact" and len(index.find(reference.name)) > 1:
            return "may call another definition of that name"
        return None

    def _value(self, source: PythonSource, call: ast.Call) -> str:
        assert self.call_value is not None
        if self.forward:
            for above in source.ancestors(call):
                if isinstance(above, FUNCTIONS):
                    return self.name if self.name in parameter_names(above) else self.call_value
        return self.call_value


def _function(index: Index, symbol: Symbol) -> Symbol:
    language = index.language(symbol.path)
    if language is None or language.name != "python":
        raise Refused(f"{symbol.id}: add_parameter works on Python, JavaScript, TypeScript and Go")
    if symbol.kind == "class":
        return find_symbol(index, f"{symbol.id}.__init__")
    if symbol.kind not in {"function", "method"}:
        raise Refused(f"{symbol.id} is a {symbol.kind}, not a function")
    return symbol


def _wrap(ws: Workspace, path: str, made: list[Edit]) -> None:
    """Break the lines that the edits made too long."""
    source = try_parse(path, ws.read(path))
    if source is None:
        return
    shift = 0
    found: dict[int, Edit] = {}
    for edit in sorted(made, key=lambda e: e.start):
        wrapped = wrap(source, edit.start + shift + len(edit.new))
        shift += len(edit.new) - (edit.end - edit.start)
        if wrapped is not None:
            found.setdefault(source.line_of(wrapped.start), wrapped)
    if found:
        ws.edit(path, [found[line] for line in sorted(found)])


def _calls_by_callee(source: PythonSource) -> dict[int, ast.Call]:
    """Calls by the offset where the callee's name ends (parentheses around it left out)."""
    return {source.span(node.func)[1]: node for node in ast.walk(source.tree) if isinstance(node, ast.Call)}
