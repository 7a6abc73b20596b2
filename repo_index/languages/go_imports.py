"""Imports of a Go file, its package's name, comments and syntax errors."""

from __future__ import annotations

import re
from typing import Any

from ..facts import ImportFact
from .go_walk import Walk, span

_QUALIFIER = re.compile(rb"(?<![\w.)\]])([A-Za-z_]\w*)\s*\.\s*[A-Z]")
_VERSION = re.compile(r"/v\d+\Z|\.v\d+\Z")
_STRINGS = ("interpreted_string_literal", "raw_string_literal")
_IGNORED = re.compile(rb"(?m)^//(?:go:build ignore| ?\+build ignore)[ \t]*$")
_GENERATED = re.compile(rb"(?m)^// Code generated .* DO NOT EDIT\.[ \t\r]*$")


def collect(walk: Walk) -> None:
    """Fill in facts.imports and the local names that they bind."""
    used = {m[1].decode() for m in _QUALIFIER.finditer(walk.source)}
    specs: list[tuple[Any, Any]] = []
    for node in walk.tree.root_node.named_children:
        if node.type == "import_declaration":
            listed = [c for c in node.named_children if c.type == "import_spec"]
            listed += [s for c in node.named_children if c.type == "import_spec_list" for s in c.named_children]
            specs += [(s, node) for s in listed if s.type == "import_spec"]
    taken = {walk.text(n) for s, _ in specs if (n := s.child_by_field_name("name")) is not None}
    for spec, statement in specs:
        path, alias = spec.child_by_field_name("path"), spec.child_by_field_name("name")
        if path is None or path.end_byte - path.start_byte < 2:
            continue
        module = walk.source[path.start_byte + 1 : path.end_byte - 1].decode("utf-8", "replace")
        whole = spec if len(specs) > 1 and spec.parent.type == "import_spec_list" else statement
        place = (path.start_byte + 1, path.end_byte - 1)
        line = spec.start_point[0] + 1
        name, local, local_span = None, "", None
        if alias is None:
            local = package_name(module, used - taken)
            taken.add(local)
        elif alias.type == "dot":
            name = "*"
        elif alias.type != "blank_identifier":
            local, local_span = walk.text(alias), span(alias)
        number = len(walk.facts.imports)
        walk.facts.imports.append(
            ImportFact(module, name, local, "runtime", line, span(whole), place, local_span=local_span)
        )
        if local:
            walk.imports.setdefault(local, number)
        if local_span is not None:
            walk.add(alias, "import", "import", local, import_index=number)


def package_name(module: str, used: set[str]) -> str:
    """The name that a package is likely to declare, which only its own files tell: of the usual ways to name a
    package's folder, one that the importing file uses."""
    bare = _VERSION.sub("", module)
    last = bare.rsplit("/", 1)[-1]
    words = [w for w in re.split(r"[-.]", last) if w]
    guesses = [last, "".join(words), "_".join(words)]
    guesses += [words[-1], words[0]] if words else []
    guesses += ["".join(words[i:j]) for i in range(len(words)) for j in range(len(words), i, -1)]
    guesses += [w.removeprefix("go").removesuffix("go") for w in words] + [module.rsplit("/", 1)[-1]]
    for guess in guesses:
        if guess in used:
            return guess
    return next((g for g in guesses if g.isidentifier()), last)


def finish(walk: Walk) -> None:
    """What needs the whole file: ambient names, comments, errors, marks."""
    facts = walk.facts
    facts.ambient = sorted(walk.unbound.items(), key=lambda item: (item[1], item[0]))
    facts.generated = _GENERATED.search(walk.source) is not None
    if facts.namespace and _IGNORED.search(walk.source):
        facts.namespace += " ignored"
    cursor = walk.tree.root_node.walk()
    while True:
        node = cursor.node
        if node.type == "comment":
            facts.texts.append((node.start_byte, node.end_byte, "comment"))
        elif node.is_error or node.is_missing:
            facts.errors.append(((node.start_byte, node.end_byte), node.start_point[0] + 1))
        elif node.type in _STRINGS and node.end_byte - node.start_byte >= 2:
            facts.texts.append((node.start_byte + 1, node.end_byte - 1, "string"))
        if node.type != "interpreted_string_literal" and cursor.goto_first_child():
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                facts.texts.sort()
                facts.errors.sort()
                return
