"""Names that a module's `__getattr__` imports when they are asked for, where a literal dictionary lists them (PEP 562).

Read are dictionaries of the module that `__getattr__` mentions beside `import_module`: `{"name": "pkg.mod"}`,
`{"name": "pkg.mod:other"}`, `{"name": "pkg.mod.name"}`, `{"name": ("pkg.mod", "other")}`, `{"mod": ["name", ...]}`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..facts import ImportFact, Span
from .python_scopes import Name
from .python_walk import Walk, content_span

_WORD = re.compile(r"[^\W\d]\w*")
_DOTTED = re.compile(r"\.*[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
#: the function puts a dot, or the name of the package and a dot, before what the dictionary says
_BELOW = re.compile(r"f[\"']\{__(?:name|package)__\}\.\{|f[\"']\.\{|[\"']\.[\"']\s*\+")


def bind_lazy_names(walk: Walk) -> None:
    """Add an import for each such name, and bind it in the module."""
    top = walk.tree.root_node.named_children
    bodies = [
        walk.text(n) for n in top if n.type == "function_definition" and _named(walk, n.child_by_field_name("name"))
    ]
    if not bodies or "import_module" not in bodies[-1]:
        return
    words = set(_WORD.findall(bodies[-1]))
    dots = "." if _BELOW.search(bodies[-1]) else ""
    for statement in top:
        node = statement.named_children[0] if statement.type == "expression_statement" else None
        if node is None or node.type != "assignment":
            continue
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left.type == "identifier" and right is not None and right.type == "dictionary" and walk.text(left) in words:
            for pair in right.named_children:
                if pair.type == "pair":
                    for module, name, local in _names(walk, pair):
                        _bind(walk, pair, dots, module, name, local)


def _named(walk: Walk, node: Any) -> bool:
    return node is not None and walk.text(node) == "__getattr__"


def _names(walk: Walk, pair: Any) -> Iterator[tuple[Span, Span, Span]]:
    """(module, name in it, name here) of what an item of the dictionary says, as spans."""
    key, value = content_span(walk, pair.child_by_field_name("key")), pair.child_by_field_name("value")
    if key is None:
        return
    parts = [content_span(walk, c) for c in value.named_children if c.type != "comment"]
    if value.type == "list":
        yield from ((key, part, part) for part in parts if part is not None)
    elif value.type == "tuple" and len(parts) == 2 and parts[0] is not None and parts[1] is not None:
        yield parts[0], parts[1], key
    elif (span := content_span(walk, value)) is not None:
        text, own = _text(walk, span), _text(walk, key)
        at = text.find(":")
        if at >= 0:
            yield (span[0], span[0] + len(text[:at].encode())), (span[0] + len(text[: at + 1].encode()), span[1]), key
        elif text.endswith(f".{own}") and text.strip(".") != own:
            start = span[1] - len(own.encode())
            yield (span[0], start - 1), (start, span[1]), key
        else:
            yield span, key, key


def _text(walk: Walk, span: Span) -> str:
    return walk.source[span[0] : span[1]].decode("utf-8", "replace")


def _bind(walk: Walk, pair: Any, dots: str, module: Span, name: Span, local: Span) -> None:
    specifier, line = _text(walk, module), pair.start_point[0] + 1
    if not _DOTTED.match(specifier) or not all(_WORD.fullmatch(_text(walk, span)) for span in (name, local)):
        return
    if not specifier.startswith("."):
        specifier = dots + specifier
    binding = walk.bind(Name(_text(walk, local), *local, line), walk.module)
    binding.imports.append(len(walk.facts.imports))
    place = (pair.start_byte, pair.end_byte)
    walk.facts.imports.append(
        ImportFact(specifier, _text(walk, name), _text(walk, local), "lazy", line, place, module, name, local)
    )
