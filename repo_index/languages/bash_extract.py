"""Facts of one shell script, from its tree-sitter tree: functions, global variables, sourced files."""

from __future__ import annotations

import re
from typing import Any

from ..encoding import parseable
from ..facts import Call, Definition, Export, FileFacts, ImportFact, Occurrence, OccurrenceKind
from .bash_sources import specifier
from .grammar_wheels import parser

_NAME = re.compile(r"[A-Za-z_][\w:.+-]*\Z")
_OWN = re.compile(r"(?:local|declare|typeset)\b(?!\s+-\w*g)")


class _Script:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.facts = FileFacts("bash")
        #: variable -> its first value as written, for paths of sourced files
        self.assigned: dict[str, str] = {}
        self.defined: dict[str, str] = {}
        #: every identifier: (node, kind, names that are local there, whether it is a definition)
        self.names: list[tuple[Any, OccurrenceKind, frozenset[str]]] = []

    def text(self, node: Any) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def define(self, name: Any, whole: Any, kind: Any, body: Any = None) -> None:
        text = self.text(name)
        if text in self.defined:
            return
        self.defined[text] = kind
        head = whole if body is None else None
        signature = self.text(head)[:200] if head is not None else f"{text}()"
        self.facts.definitions.append(
            Definition(text, text, kind, (name.start_byte, name.end_byte), (whole.start_byte, whole.end_byte),
                       whole.start_point[0] + 1, whole.end_point[0] + 1, True, "",
                       (body.start_byte, body.end_byte) if body is not None else None, signature, doc=self.doc(whole))
        )  # fmt: skip
        self.facts.exports.append(Export(text, text, span=(name.start_byte, name.end_byte)))

    def doc(self, node: Any) -> str:
        lines: list[str] = []
        line, at = node.start_point[0], node.prev_named_sibling
        while at is not None and at.type == "comment" and at.start_point[0] == line - 1:
            text = self.text(at)
            if not text.startswith("#!"):
                lines.insert(0, text.lstrip("#").strip())
            line, at = at.start_point[0], at.prev_named_sibling
        return "\n".join(lines).strip()


def extract(source: bytes) -> FileFacts:
    """Facts of a shell script. Never raises on broken code: errors are listed in the facts."""
    script = _Script(source)
    facts = script.facts
    todo: list[tuple[Any, set[str] | None]] = [(parser("tree_sitter_bash").parse(parseable(source)).root_node, None)]
    while todo:
        node, local = todo.pop()
        if node.is_error or node.is_missing:
            facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
        local = _visit(script, node, local)
        todo += [(child, local) for child in reversed(node.named_children)]
    for name, kind, hidden in script.names:
        text = script.text(name)
        if text in hidden:
            continue
        known = script.defined.get(text)
        here = known is not None
        plain = name.type == "variable_name"
        if kind != "definition" and here and plain != (known == "variable"):
            continue  # a variable and a function may share a name
        facts.occurrences.append(
            Occurrence(text, (name.start_byte, name.end_byte), name.start_point[0] + 1, kind,
                       "definition" if here else "global", text if here else "")
        )  # fmt: skip
    facts.texts.sort()
    facts.errors.sort()
    facts.occurrences.sort(key=lambda o: o.span)
    return facts


def _visit(script: _Script, node: Any, local: set[str] | None) -> set[str] | None:
    """Record one node; returns the local names of its children (None outside functions)."""
    kind = node.type
    if kind == "comment":
        script.facts.texts.append((node.start_byte, node.end_byte, "comment"))
    elif kind in ("string_content", "raw_string", "heredoc_body"):
        script.facts.texts.append((node.start_byte, node.end_byte, "string"))
    elif kind == "function_definition":
        name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
        if name is not None:
            script.define(name, node, "function", body)
            script.names.append((name, "definition", frozenset()))
        return _locals(script, body)
    elif kind == "variable_assignment":
        _assignment(script, node, local)
    elif kind == "variable_name":
        if node.parent is None or node.parent.type != "variable_assignment":
            _use(script, node, local)
    elif kind == "command":
        _command(script, node)
    return local


def _use(script: _Script, node: Any, local: set[str] | None) -> None:
    if not script.text(node).isdigit():
        script.names.append((node, "use", frozenset(local or ())))


def _locals(script: _Script, body: Any) -> set[str]:
    """Names that a function declares as its own."""
    found: set[str] = set()
    todo = [body] if body is not None else []
    while todo:
        node = todo.pop()
        if node.type == "function_definition":
            continue
        if node.type == "declaration_command" and _OWN.match(script.text(node)):
            for child in node.named_children:
                name = child.child_by_field_name("name") if child.type == "variable_assignment" else child
                if name is not None and name.type == "variable_name":
                    found.add(script.text(name))
        todo += node.named_children
    return found


def _assignment(script: _Script, node: Any, local: set[str] | None) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or name.type != "variable_name":
        return
    text = script.text(name)
    if value is not None:
        script.assigned.setdefault(text, script.text(value))
    if text in (local or ()) or (node.parent is not None and node.parent.type == "command"):
        return
    whole = node.parent if node.parent is not None and node.parent.type == "declaration_command" else node
    is_new = text not in script.defined
    script.define(name, whole, "variable")
    script.names.append((name, "definition" if is_new else "use", frozenset()))


def _command(script: _Script, node: Any) -> None:
    name = node.child_by_field_name("name")
    word = name.named_children[0] if name is not None and name.named_child_count == 1 else None
    if word is None or word.type != "word":
        return
    text = script.text(word)
    arguments = [c for c in node.children_by_field_name("argument") if c.is_named]
    if text in ("source", ".") and arguments:
        _sourced(script, node, arguments[0])
    elif _NAME.match(text):
        script.names.append((word, "call", frozenset()))
        place = (word.start_byte, word.end_byte)
        script.facts.calls.append(Call(place, (word.end_byte, node.end_byte), len(arguments)))
        if text in ("trap", "export", "unset") and arguments:
            for argument in arguments[:1] if text == "trap" else arguments:
                if argument.type == "word" and _NAME.match(script.text(argument)):
                    script.names.append((argument, "use", frozenset()))


def _sourced(script: _Script, node: Any, argument: Any) -> None:
    module = specifier(script.text(argument), script.assigned)
    start, end = argument.start_byte, argument.end_byte
    if script.source[start:end][:1] in (b'"', b"'") and end - start >= 2:
        start, end = start + 1, end - 1
    line = node.start_point[0] + 1
    script.facts.imports.append(
        ImportFact(module, "*", "", "runtime", line, (node.start_byte, node.end_byte), (start, end))
    )
