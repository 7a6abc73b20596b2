"""Adding a parameter to a Go function, and passing it at every call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from repo_index.languages.grammar_wheels import parser

from ...errors import NothingToDo, Refused
from ..operation import Outcome
from ..parameters.options import Options
from ..workspace import Edit, Workspace
from .import_edits import ImportEditor
from .packages import Packages
from .paths import is_go, is_test, is_vendored
from .renames import GoRename
from .syntax import Source, fields, text_of, within

if TYPE_CHECKING:
    from tree_sitter import Node

    from repo_index.records import Reference, Symbol

_SIGNATURES = ("function_declaration", "method_declaration", "method_elem")
_UNIVERSE = frozenset({"true", "false", "nil", "iota"})


def add(ws: Workspace, symbol: Symbol, options: Options) -> Outcome:
    """Give the function one more parameter, the last one but for a variadic one. As Go has no defaults, every call
    passes it: `call_value` where `call_sites` says so, else `default`. Raises Refused where the function is used as a
    value, where an interface of the standard library may ask for it as it is, and for calls `f(g())`."""
    if symbol.kind not in ("function", "method"):
        raise Refused(f"{symbol.id} is a {symbol.kind}, not a function")
    return _Addition(ws, symbol, options).run()


class _Addition:
    def __init__(self, ws: Workspace, symbol: Symbol, options: Options) -> None:
        self.ws = ws
        self.index = ws.index
        self.symbol = symbol
        self.options = options
        family = {s.id: s for s in [symbol]}
        if symbol.kind == "method":
            family |= {s.id: s for s in self.index.method_family(symbol)}
        # definitions of one name under other build constraints are one function
        packages = Packages(self.index)
        home = packages.of(symbol.path)
        for other in self.index.find(symbol.name):
            if other.qualified == symbol.qualified and other.kind == symbol.kind and packages.of(other.path) == home:
                family[other.id] = other
        self.family = [family[key] for key in sorted(family)]
        #: asks of references what a rename asks: whether they are all
        self.rename = GoRename(self.index, self.family, symbol.name)
        self.packages = self.rename.packages
        self.edits: dict[str, list[Edit]] = {}
        self.wanted: dict[str, set[str]] = {}
        self.outcome = Outcome()
        #: how many parameters stand before the new one
        self.position = 0

    def run(self) -> Outcome:
        self._check()
        positions = {self._define(member) for member in self.family}
        if len(positions) > 1:
            raise Refused(f"{self.symbol.id}: its definitions take different numbers of parameters")
        self.position = positions.pop()
        for reference in self._references():
            self._use(reference)
        self._imports()
        for path in sorted(self.edits):
            if reason := self.ws.protected(path):
                raise Refused(f"{path}: {reason}")
            self.ws.edit(path, sorted(self.edits[path], key=lambda e: e.start))
        self.outcome.left_alone = sorted(set(self.outcome.left_alone))
        return self.outcome

    # -- what is asked for

    def _check(self) -> None:
        o, symbol = self.options, self.symbol
        language = self.index.language(symbol.path)
        if not re.fullmatch(r"[A-Za-z_]\w*", o.name) or (language is not None and o.name in language.keywords()):
            raise Refused(f"{o.name!r} cannot be the name of a parameter")
        for what, text in (("default", o.default), ("call_value", o.call_value)):
            if text is not None and _expression(text) is None:
                raise Refused(f"{what}: {text!r} is not a Go expression")
        if o.annotation is not None and not _is_type(o.annotation):
            raise Refused(f"annotation: {o.annotation!r} is not a Go type")
        if o.call_sites != "none" and o.call_value is None:
            raise Refused("call_sites needs call_value, the text of the argument to pass")
        if o.default is None and o.call_sites != "all":
            raise Refused(f"{o.name} has no default to pass elsewhere: Go passes every argument at every call")
        if self._type() is None:
            raise Refused(f"give the annotation of {o.name}; its value does not tell the type")
        if symbol.name in ("init", "main") or (
            is_test(symbol.path) and re.match(r"(?:Test|Benchmark|Fuzz|Example)(?![a-z])", symbol.name)
        ):
            raise Refused(f"{symbol.id}: the Go tools call it as it is")
        for member in self.family:
            if is_vendored(member.path):
                raise Refused(f"{member.id} belongs to a vendored package")
        self.rename.check()

    def _type(self) -> str | None:
        o = self.options
        return o.annotation or _literal_type(o.default if o.default is not None else o.call_value)

    # -- definitions

    def _define(self, member: Symbol) -> int:
        """Write the parameter; returns how many stand before it."""
        source = self.rename.source(member.path)
        function = source.node(member.definition.name_span).parent
        listed = function.child_by_field_name("parameters") if function is not None else None
        where = f"{member.path}:{member.line}"
        if function is None or function.type not in _SIGNATURES or listed is None:
            raise Refused(f"{where}: {member.name} is no function with a list of parameters there")
        if function.type == "function_declaration" and function.child_by_field_name("body") is None:
            raise Refused(f"{where}: the body of {member.name} is not written in Go")
        given = [c for c in listed.named_children if c.type != "comment"]
        names = [text_of(n) for g in given for n in fields(g, "name")]
        if self.options.name in names:
            raise NothingToDo(f"{where}: {member.name} has a parameter {self.options.name} already")
        if self.options.name != "_":
            for node in source.words(function, self.options.name):
                line = node.start_point[0] + 1
                raise Refused(
                    f"{member.path}:{line}: {member.name} uses another {self.options.name}; choose another name"
                )
        type_ = self._in_package(source, self._type() or "", "the type")
        plain = bool(given) and not names
        text = type_ if plain else f"{self.options.name} {type_}"
        before = [g for g in given if g.type != "variadic_parameter_declaration"]
        variadic = given[len(before) :]
        if variadic:
            at = variadic[0].start_byte
            self._edit(source.path, at, at, f"{text}, ")
        else:
            self._append(source, listed, given, text)
        return sum(max(1, len(fields(g, "name"))) for g in before)

    def _append(self, source: Source, listed: Node, given: list[Node], text: str) -> None:
        """Behind the last element of a list, on a line of its own where that has one."""
        if not given:
            self._edit(source.path, listed.start_byte + 1, listed.start_byte + 1, text)
            return
        last = given[-1]
        line_start = source.data.rfind(b"\n", 0, last.start_byte) + 1
        alone = not source.data[line_start : last.start_byte].strip()
        below = b"\n" in source.data[last.end_byte : listed.end_byte]
        lead = ", "
        if alone and below:
            lead = "," + source.newline.decode() + source.data[line_start : last.start_byte].decode()
        self._edit(source.path, last.end_byte, last.end_byte, lead + text)

    def _edit(self, path: str, start: int, end: int, text: str) -> None:
        self.edits.setdefault(path, []).append(Edit(start, end, text.encode()))

    # -- uses

    def _references(self) -> list[Reference]:
        by_place = {(r.path, r.span): r for member in self.family for r in self.index.references(member)}
        return [by_place[key] for key in sorted(by_place)]

    def _use(self, reference: Reference) -> None:
        path = reference.path
        if reference.kind in {"definition", "import", "doc", "string"} or not is_go(path):
            return
        others = [
            s
            for s in self.index.find(self.symbol.name)
            if s.id not in {f.id for f in self.family} and (self.symbol.kind == "function" or s.definition.parent)
        ]
        if self.rename.reason_to_leave(reference, others):
            return
        if is_vendored(path):
            raise Refused(f"{path}:{reference.line}: a vendored package uses {self.symbol.name}")
        source = self.rename.source(path)
        call = _call_of(source.node(reference.span))
        if call is None:
            raise Refused(
                f"{path}:{reference.line}: {self.symbol.name} is used there without a call; what it is given to asks "
                "for its type as it is"
            )
        self._pass(source, reference, call)

    def _pass(self, source: Source, reference: Reference, call: Node) -> None:
        listed = call.child_by_field_name("arguments")
        operand = call.child_by_field_name("operand")
        if call.type == "type_conversion_expression" and operand is not None and self.position == 1:
            self._edit(source.path, operand.end_byte, operand.end_byte, f", {self._value(source, call)}")
            return
        if listed is None:
            raise Refused(f"{source.path}:{reference.line}: a call without a list of arguments")
        given = [c for c in listed.named_children if c.type != "comment"]
        position = self.position + self._receiver_first(call, len(given))
        if len(given) < position or (len(given) == 1 and position != 1 and self._may_give_several(given[0])):
            raise Refused(f"{source.path}:{reference.line}: the call passes on what another call returns")
        value = self._value(source, call)
        if len(given) == position:
            self._append(source, listed, given, value)
        else:
            at = given[position].start_byte
            self._edit(source.path, at, at, f"{value}, ")

    def _may_give_several(self, argument: Node) -> bool:
        """Whether an argument may be a call with more than one result, which only stands alone."""
        callee = argument.child_by_field_name("function") if argument.type == "call_expression" else None
        if callee is None:
            return False
        known = self.index.find(text_of(callee).rpartition(".")[2], kinds=("function", "method", "type", "class"))
        return not known or any("," in s.definition.type for s in known)

    def _receiver_first(self, call: Node, given: int) -> int:
        """1 for `Type.Method(value, ...)`, where the receiver is an argument."""
        callee = call.child_by_field_name("function")
        if self.symbol.kind != "method" or callee is None or callee.type != "selector_expression":
            return 0
        operand = callee.child_by_field_name("operand")
        while operand is not None and operand.type in ("parenthesized_expression", "unary_expression"):
            operand = operand.named_children[0]
        holders = {m.definition.parent for m in self.family}
        name = (
            operand.child_by_field_name("field")
            if operand is not None and operand.type == "selector_expression"
            else operand
        )
        return int(text_of(name) in holders and given > self.position)

    def _value(self, source: Source, call: Node) -> str:
        o = self.options
        if o.forward:
            at = call.parent
            while at is not None:
                if at.type in (*_SIGNATURES, "func_literal"):
                    listed = at.child_by_field_name("parameters")
                    names = [text_of(n) for g in listed.named_children for n in fields(g, "name")] if listed else []
                    mine = any(at.start_byte <= e.start < at.end_byte for e in self.edits.get(source.path, ()))
                    if o.name in names or (mine and self._is_family(source, at)):
                        return o.name
                at = at.parent
        record = self.index.file(source.path)
        tests = is_test(source.path) or (record is not None and record.role == "test")
        follows = {"all": True, "all_but_tests": not tests, "only_tests": tests}.get(o.call_sites, False)
        follows = follows and not o.scope.reason(self.index, source.path)
        value = o.call_value if follows or o.default is None else o.default
        return self._in_package(source, value or "", "the value")

    def _is_family(self, source: Source, function: Node) -> bool:
        name = function.child_by_field_name("name")
        span = (name.start_byte, name.end_byte) if name is not None else None
        return any(m.path == source.path and m.definition.name_span == span for m in self.family)

    def _in_package(self, source: Source, text: str, what: str) -> str:
        """A value or type as another file writes it: packages that it names are imported there, names of the
        function's own package get the package's name."""
        root = _expression(text) if what == "the value" else _type_tree(text)
        if root is None:
            return text
        home = self.packages.of(self.symbol.path)
        changes: list[tuple[int, str]] = []
        offset = root.start_byte
        for node in within(root):
            if node.type not in ("identifier", "type_identifier", "package_identifier"):
                continue
            name = text_of(node)
            parent = node.parent
            modules = [m for m in self.options.import_modules if m.rsplit("/", 1)[-1] == name]
            if parent is not None and parent.type in ("selector_expression", "qualified_type") and modules:
                self.wanted.setdefault(source.path, set()).add(modules[0])
                continue
            if parent is not None and parent.type == "qualified_type" and node.type == "type_identifier":
                continue
            defined = [s for s in self.index.find(name) if not s.definition.parent and self.packages.of(s.path) == home]
            if not defined or name in _UNIVERSE or self.packages.of(source.path) == home:
                continue
            if not name[:1].isupper():
                raise Refused(f"{source.path}: {what} {text!r} names {name}, which {home[1]} does not export")
            changes.append((node.start_byte - offset, self._qualifier(source, home[0]) + "."))
        for at, qualifier in sorted(changes, reverse=True):
            text = text[:at] + qualifier + text[at:]
        return text

    def _qualifier(self, source: Source, folder: str) -> str:
        for fact in source.facts.imports:
            if self.packages.target(source.path, fact) == folder and fact.local and fact.name is None:
                return self.packages.local(source.path, fact)
        raise Refused(f"{source.path}: does not import {self.packages.import_path(folder)}, which the argument names")

    def _imports(self) -> None:
        for path, modules in sorted(self.wanted.items()):
            source = self.rename.source(path)
            editor = ImportEditor(source)
            there = {f.module for f in source.facts.imports if f.local_span is None}
            for module in sorted(modules - there):
                local = module.rsplit("/", 1)[-1]
                taken = [d for d in source.facts.definitions if d.qualified == local]
                if taken or any(f.local == local for f in source.facts.imports):
                    raise Refused(f"{path}: {local} means something else there, so {module} cannot be imported")
                editor.add(module)
            self.edits.setdefault(path, []).extend(editor.finish())


def _call_of(name: Node) -> Node | None:
    """The call whose callee ends in `name`."""
    at: Node = name
    parent = at.parent
    if name.type == "type_identifier":  # `f[T](x)`, which reads like a conversion
        while parent is not None and parent.type in ("qualified_type", "generic_type"):
            parent = parent.parent
        return parent if parent is not None and parent.type == "type_conversion_expression" else None
    if parent is not None and parent.type == "selector_expression":
        field = parent.child_by_field_name("field")
        if field is None or field.id != at.id:
            return None
        at, parent = parent, parent.parent
    while parent is not None and parent.type in ("parenthesized_expression", "index_expression",
                                                 "type_instantiation_expression"):  # fmt: skip
        if parent.named_children[0].id != at.id:
            return None
        at, parent = parent, parent.parent
    if parent is None or parent.type != "call_expression":
        return None
    callee = parent.child_by_field_name("function")
    return parent if callee is not None and callee.id == at.id else None


def _tree(text: str, template: str) -> Node | None:
    root = parser("tree_sitter_go").parse(template.replace("@", text).encode()).root_node
    if root.has_error:
        return None
    start = len(template.split("@", 1)[0].encode())
    return root.descendant_for_byte_range(start, start + len(text.encode()))


def _expression(text: str) -> Node | None:
    """The tree of a Go expression, None when the text is none (or several)."""
    found = _tree(text, "package p\nvar _ = f(@)\n")
    whole = found is not None and (found.text or b"").decode("utf-8", "replace") == text
    if not whole or not text.strip() or found is None or found.type in ("argument_list", "expression_list"):
        return None
    return found


def _type_tree(text: str) -> Node | None:
    found = _tree(text, "package p\nvar _ @\n")
    return found if found is not None and (found.text or b"").decode("utf-8", "replace") == text else None


def _is_type(text: str) -> bool:
    return "=" not in text and _type_tree(text) is not None


def _literal_type(text: str | None) -> str | None:
    if text in ("true", "false"):
        return "bool"
    if text is None:
        return None
    if re.fullmatch(r"-?(?:0[xXbBoO])?[\d_][\da-fA-F_]*", text):
        return "int"
    if re.fullmatch(r"-?[\d_]*\.?[\d_]+(?:[eE][+-]?\d+)?", text):
        return "float64"
    if text[:1] in '"`':
        return "string"
    return "rune" if text[:1] == "'" else None
