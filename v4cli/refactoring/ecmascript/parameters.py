"""Adding a parameter to a JavaScript or TypeScript function, and passing it at call sites."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ...errors import NothingToDo, Refused
from ..lookup import find_symbol
from ..operation import LeftAlone, Outcome
from ..parameters.options import Options
from ..workspace import Edit, Workspace
from .paths import is_ecmascript, is_typescript
from .syntax import Source

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index import Index
    from repo_index.records import Reference, Symbol

_FUNCTIONS = frozenset(
    "function_declaration generator_function_declaration function_expression generator_function arrow_function "
    "method_definition function_signature method_signature abstract_method_signature".split()
)
_SIGNATURES = frozenset({"function_signature", "method_signature", "abstract_method_signature"})
_PARAMETERS = ("required_parameter", "optional_parameter")


def add(ws: Workspace, symbol: Symbol, options: Options) -> Outcome:
    """Give the function one more parameter, the last one. Raises Refused where an argument cannot be passed by
    position, or where callers that are not known may pass more than they did."""
    return _Addition(ws, _function(ws.index, symbol), options).run()


def _function(index: Index, symbol: Symbol) -> Symbol:
    if symbol.kind == "class":
        member = f"{symbol.qualified}.constructor"
        found = [s for s in index.symbols(symbol.path) if s.qualified == member]
        if not found:
            raise Refused(f"{symbol.id} has no constructor of its own")
        return found[0]
    return symbol


class _Addition:
    def __init__(self, ws: Workspace, symbol: Symbol, options: Options) -> None:
        self.ws = ws
        self.index = ws.index
        self.symbol = symbol
        self.options = options
        self.sources: dict[str, Source] = {}
        self.edits: dict[str, list[Edit]] = {}
        self.outcome = Outcome()
        family = {s.id: s for s in [symbol]}
        if symbol.kind == "method" and symbol.name != "constructor":
            family |= {s.id: s for s in self.index.method_family(symbol)}
        self.family = [family[key] for key in sorted(family)]
        #: parameters that the function has now, by the longest of its definitions
        self.count = 0

    def run(self) -> Outcome:
        self._check()
        for member in self.family:
            if not is_ecmascript(member.path):
                raise Refused(f"{member.id} is of another language")
            for function in self._definitions(member):
                self._define(self._source(member.path), function)
        if not self.edits:
            raise NothingToDo(f"{self.symbol.id} has a parameter {self.options.name} already")
        for reference in self._references():
            self._use(reference)
        for path in sorted(self.edits):
            if reason := self.ws.protected(path):
                raise Refused(f"{path}: {reason}")
            self.ws.edit(path, sorted(set(self.edits[path])))
        self.outcome.left_alone = sorted(set(self.outcome.left_alone))
        return self.outcome

    def _source(self, path: str) -> Source:
        if path not in self.sources:
            self.sources[path] = Source(self.ws, path)
        return self.sources[path]

    def _check(self) -> None:
        o = self.options
        language = self.index.language(self.symbol.path)
        if not re.fullmatch(r"[A-Za-z_$][\w$]*", o.name) or (language is not None and o.name in language.keywords()):
            raise Refused(f"{o.name!r} cannot be the name of a parameter")
        for what, text in (("default", o.default), ("call_value", o.call_value)):
            if text is not None and not _is_expression(text):
                raise Refused(f"{what}: {text!r} is not an expression")
        if o.import_modules:
            raise Refused("import_modules: modules are imported by name in Python only")
        if o.call_sites != "none" and o.call_value is None:
            raise Refused("call_sites needs call_value, the text of the argument to pass")
        if o.default is None and o.call_sites != "all":
            raise Refused(f"{o.name} has no default, so every call has to pass it: use call_sites all")

    # -- definitions

    def _definitions(self, member: Symbol) -> list[Node]:
        """The function of each definition of a name: several when it is overloaded."""
        source = self._source(member.path)
        found = []
        for definition in source.facts.definitions:
            if definition.qualified != member.qualified:
                continue
            node = source.node(definition.name_span)
            function = _function_of(node)
            if function is None:
                where = f"{member.path}:{definition.line}"
                raise Refused(f"{where}: {member.name} is no function with a list of parameters there")
            found.append(function)
        return found

    def _define(self, source: Source, function: Node) -> None:
        o = self.options
        line = source.line(function.start_byte)
        where = f"{source.path}:{line}"
        if any(c.type in ("get", "set") for c in function.children):
            raise Refused(f"{where}: {self.symbol.name} is an accessor; it takes no arguments")
        listed = function.child_by_field_name("parameters")
        single = function.child_by_field_name("parameter")
        given = [c for c in listed.named_children if c.type != "comment"] if listed is not None else [single]
        given = [g for g in given if g is not None]
        texts = [(g.text or b"").decode("utf-8", "replace") for g in given]
        names = {(n.text or b"").decode("utf-8", "replace") for n in source.identifiers(function)}
        if any(re.match(rf"{re.escape(o.name)}\b", t) for t in texts):
            raise NothingToDo(f"{where}: {self.symbol.name} has a parameter {o.name} already")
        if o.name in names:
            raise Refused(f"{where}: {self.symbol.name} uses another {o.name}; choose another name")
        if "arguments" in names:
            raise Refused(f"{where}: {self.symbol.name} reads `arguments`, where one more would show")
        if any(t.startswith("...") for t in texts):
            raise Refused(f"{where}: {self.symbol.name} takes any number of arguments; nothing can come behind them")
        if texts and re.match(r"this\s*:", texts[0]):
            texts = texts[1:]
        if o.default is None and any(g.type == "optional_parameter" or _default(g) is not None for g in given):
            raise Refused(f"{where}: a parameter without a default cannot follow one with a default")
        self.count = max(self.count, len(texts))
        text = self._parameter(source, function)
        if listed is not None:
            self._insert(source, listed, given, text)
        elif single is not None:
            self._edit(source, single.start_byte, single.start_byte, "(")
            self._edit(source, single.end_byte, single.end_byte, f", {text})")

    def _parameter(self, source: Source, function: Node) -> str:
        o = self.options
        typed = is_typescript(source.path)
        annotation = o.annotation or (_type_of(o.default) if o.default is not None else None)
        declared = function.type in _SIGNATURES or function.child_by_field_name("body") is None
        if not typed:
            return o.name if o.default is None else f"{o.name} = {o.default}"
        if declared:
            if annotation is None:
                raise Refused(f"{source.path}: give the annotation of {o.name}; its default does not tell the type")
            return f"{o.name}{'?' if o.default is not None else ''}: {annotation}"
        if o.annotation is None and o.default is not None:
            if annotation is not None:
                return f"{o.name} = {o.default}"
            if o.default in ("null", "undefined", "[]"):
                raise Refused(f"{source.path}: give the annotation of {o.name}; its default does not tell the type")
        if o.default is None and annotation is None:
            raise Refused(f"{source.path}: {o.name} needs an annotation")
        return o.name + (f": {annotation}" if annotation else "") + (f" = {o.default}" if o.default is not None else "")

    def _insert(self, source: Source, listed: Node, given: list[Node], text: str) -> None:
        if not given:
            comments = [c for c in listed.named_children if c.type == "comment"]
            at = listed.end_byte - 1
            self._edit(source, at, at, f" {text}" if comments else text)
            return
        last = given[-1]
        tail = source.data[last.end_byte : listed.end_byte]
        line_start = source.data.rfind(b"\n", 0, last.start_byte) + 1
        alone = not source.data[line_start : last.start_byte].strip()
        lead = ", "
        if alone and b"\n" in tail:
            lead = "," + source.newline.decode() + source.data[line_start : last.start_byte].decode()
        self._edit(source, last.end_byte, last.end_byte, lead + text)

    def _edit(self, source: Source, start: int, end: int, text: str) -> None:
        self.edits.setdefault(source.path, []).append(Edit(start, end, text.encode()))

    # -- uses

    def _references(self) -> list[Reference]:
        found = [r for member in self.family for r in self.index.references(member)]
        if self.symbol.name == "constructor" and self.symbol.definition.parent:
            found += self.index.references(
                find_symbol(self.index, f"{self.symbol.path}::{self.symbol.definition.parent}")
            )
        by_place = {(r.path, r.span): r for r in found}
        return [by_place[key] for key in sorted(by_place)]

    def _use(self, reference: Reference) -> None:
        if reference.certainty == "text" or reference.kind in {"definition", "import", "export", "doc", "string"}:
            return
        path = reference.path
        facts = self.index.facts(path)
        if facts is None or not is_ecmascript(path):
            return
        if facts.errors:
            self._leave(reference, "the file does not parse")
            return
        source = self._source(path)
        node = source.node(reference.span)
        call = _call_of(node)
        if call is None:
            self._not_called(source, reference, node)
            return
        if self.options.call_sites == "none":
            return
        record = self.index.file(path)
        in_tests = record is not None and record.role == "test"
        rule = self.options.call_sites
        if (rule == "all_but_tests" and in_tests) or (rule == "only_tests" and not in_tests):
            return
        if self.options.scope.reason(self.index, path):
            return
        if reference.certainty != "exact" and len(self.index.find(reference.name)) > 1:
            self._leave(reference, "may call another definition of that name")
            return
        self._pass(source, reference, call)

    def _not_called(self, source: Source, reference: Reference, node: Node) -> None:
        if _is_harmless(node, self.symbol.name == "constructor"):
            return
        if reference.certainty != "exact":
            self._leave(reference, "may use the function without calling it")
            return
        raise Refused(
            f"{reference.path}:{reference.line}: {self.symbol.name} is used there without a call; who calls it may "
            f"pass more arguments than it takes now"
        )

    def _pass(self, source: Source, reference: Reference, call: Node) -> None:
        listed = call.child_by_field_name("arguments")
        if listed is None or listed.type != "arguments":
            if call.type == "new_expression":
                self._edit(source, call.end_byte, call.end_byte, f"({', '.join([*self._fill(0), self._value(call)])})")
            else:
                self._leave(reference, "is a template or has no arguments")
            return
        given = [c for c in listed.named_children if c.type != "comment"]
        if any(c.type == "spread_element" for c in given):
            self._leave(reference, "passes a list of arguments of unknown length")
            return
        if len(given) > self.count:
            self._leave(reference, "passes more arguments than the function takes")
            return
        values = [*self._fill(len(given)), self._value(call)]
        if not given:
            self._edit(source, listed.end_byte - 1, listed.end_byte - 1, ", ".join(values))
            return
        self._insert(source, listed, given, ", ".join(values))

    def _fill(self, given: int) -> list[str]:
        """`undefined` for parameters with defaults that a call leaves out."""
        return ["undefined"] * (self.count - given)

    def _value(self, call: Node) -> str:
        assert self.options.call_value is not None
        if self.options.forward:
            at = call.parent
            while at is not None:
                if at.type in _FUNCTIONS:
                    listed = at.child_by_field_name("parameters")
                    names = [_plain_name(p) for p in listed.named_children] if listed is not None else []
                    if self.options.name in names:
                        return self.options.name
                at = at.parent
        return self.options.call_value

    def _leave(self, reference: Reference, reason: str) -> None:
        lines = self.index.text(reference.path).split("\n")
        text = lines[reference.line - 1].strip()[:200] if reference.line <= len(lines) else ""
        self.outcome.left_alone.append(LeftAlone(reference.path, reference.line, text, reason))


def _function_of(name: Node) -> Node | None:
    """The function that a definition's name stands for."""
    parent = name.parent
    if parent is None:
        return None
    if parent.type in _FUNCTIONS:
        return parent
    if parent.type in ("variable_declarator", "public_field_definition", "field_definition", "pair"):
        value = parent.child_by_field_name("value")
    elif parent.type == "assignment_expression" or (
        parent.parent is not None and parent.parent.type == "assignment_expression"
    ):
        value = (parent if parent.type == "assignment_expression" else parent.parent).child_by_field_name("right")  # type: ignore[union-attr]
    elif parent.type == "export_statement":
        value = parent.child_by_field_name("value")
    else:
        return None
    while value is not None and value.type == "parenthesized_expression":
        value = value.named_children[0]
    if parent.type == "variable_declarator" and parent.child_by_field_name("type") is not None:
        return None  # the declared type says what can be passed
    return value if value is not None and value.type in _FUNCTIONS else None


def _call_of(name: Node) -> Node | None:
    """The call or `new` whose callee ends in `name`."""
    at: Node = name
    parent = at.parent
    if parent is not None and parent.type == "member_expression":
        key = parent.child_by_field_name("property")
        if key is None or key.id != at.id:
            return None
        at, parent = parent, parent.parent
    while parent is not None and parent.type in ("parenthesized_expression", "non_null_expression"):
        at, parent = parent, parent.parent
    if parent is None:
        return None
    if parent.type == "instantiation_expression":
        at, parent = parent, parent.parent
        if parent is None:
            return None
    field = {"call_expression": "function", "new_expression": "constructor"}.get(parent.type)
    callee = parent.child_by_field_name(field) if field else None
    return parent if callee is not None and callee.id == at.id else None


def _is_harmless(node: Node, constructor: bool) -> bool:
    """Whether a use that is no call cannot lead to one with other arguments: types, `f.name`, `class extends F`."""
    parent = node.parent
    if node.type == "type_identifier" or parent is None:
        return True
    if parent.type == "member_expression":
        base = parent.child_by_field_name("object")
        if base is not None and base.id == node.id:
            return True
        node, parent = parent, parent.parent or parent
    if parent.type in (
        "type_query",
        "nested_identifier",
        "nested_type_identifier",
        "export_specifier",
        "export_statement",
    ):
        return True
    if parent.type == "binary_expression":
        return True
    return constructor and parent.type in ("class_heritage", "extends_clause")


def _default(parameter: Node) -> Node | None:
    if parameter.type == "assignment_pattern":
        return parameter.child_by_field_name("right")
    return parameter.child_by_field_name("value") if parameter.type in _PARAMETERS else None


def _plain_name(parameter: Node) -> str:
    pattern = parameter.child_by_field_name("pattern") or parameter.child_by_field_name("left") or parameter
    return (pattern.text or b"").decode("utf-8", "replace")


def _type_of(literal: str) -> str | None:
    if literal in ("true", "false"):
        return "boolean"
    if re.fullmatch(r"-?\d[\d_]*(?:\.\d+)?", literal):
        return "number"
    return "string" if literal[:1] in "\"'`" else None


def _is_expression(text: str) -> bool:
    from repo_index.languages.ecmascript_tree import parse

    root = parse(f"f({text});".encode(), "typescript")
    if root.has_error or root.named_child_count != 1:
        return False
    call = root.named_children[0].named_children[0]
    listed = call.child_by_field_name("arguments")
    return listed is not None and listed.named_child_count == 1
