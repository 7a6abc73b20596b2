"""Facts of a Swift file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..encoding import parseable
from ..facts import Definition, FileFacts, Span
from .c_prepare import Prepared
from .c_walk import Walk
from .grammar_wheels import parser
from .swift_uses import HANDLERS


def extract(source: bytes, language: str, builtins: frozenset[str]) -> FileFacts:
    text = parseable(source)
    root = parser("tree_sitter_swift").parse(text).root_node
    prepared = Prepared(bytearray(text), clean=text)
    strings = _texts(root, prepared)
    walk = Walk(source, prepared, language, True)
    walk.run(root, HANDLERS)
    facts = walk.finish()
    facts.definitions = _extended(facts.definitions)
    facts.texts = sorted([(a, b, "comment") for a, b in prepared.comments] + [(a, b, "string") for a, b in strings])
    if root.has_error:
        _errors(root, walk)
    unbound: dict[str, int] = {}
    for occurrence in facts.occurrences:
        if occurrence.binding == "global" and occurrence.name not in builtins:
            unbound.setdefault(occurrence.name, occurrence.line)
    facts.ambient = sorted(unbound.items(), key=lambda item: (item[1], item[0]))
    return facts


def _extended(definitions: list[Definition]) -> list[Definition]:
    """Definitions with the bases that extensions in the file give them. The first of the extensions of a type that
    stands elsewhere is left, with the bases of all."""
    first: dict[str, Definition] = {}
    bases: dict[str, dict[str, None]] = {}
    for definition in definitions:
        if definition.kind in ("class", "enum", "interface"):
            bases.setdefault(definition.qualified, {}).update(dict.fromkeys(definition.bases))
            known = first.get(definition.qualified)
            if known is None or ("declaration" in known.decorators and "declaration" not in definition.decorators):
                first[definition.qualified] = definition
    found = []
    for definition in definitions:
        if first.get(definition.qualified) is definition:
            found.append(replace(definition, bases=tuple(bases[definition.qualified])))
        elif "declaration" not in definition.decorators:
            found.append(definition)
    return found


def _texts(root: Any, prepared: Prepared) -> list[Span]:
    """Fill in the comments; returns the spans of literal text."""
    strings: list[Span] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.type in ("comment", "multiline_comment"):
            prepared.comments.append((node.start_byte, node.end_byte))
        elif node.type in ("line_str_text", "multi_line_str_text", "raw_str_part"):
            strings.append((node.start_byte, node.end_byte))
        else:
            stack.extend(node.named_children)
    prepared.comments.sort()
    return strings


def _errors(root: Any, walk: Walk) -> None:
    stack = [root]
    while stack:
        node = stack.pop()
        if node.is_error or node.is_missing:
            walk.facts.errors.append(((node.start_byte, node.end_byte), walk.lines.at(node.start_byte)))
        else:
            stack.extend(child for child in node.children if child.has_error or child.is_missing)
    walk.facts.errors.sort()
