"""What an annotation says about the class of a value, as one dotted expression."""

from __future__ import annotations

import re

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*\Z")
#: wrappers whose first argument is the class of the value itself (or the class object: looked up alike)
_TRANSPARENT = frozenset("Optional Annotated ClassVar Final Type type Required NotRequired ReadOnly Union".split())
#: what such a function hands to its caller once awaited
_AWAITED = frozenset("Awaitable Coroutine Future".split())
#: what a generator-based context manager or fixture yields
_YIELDS = frozenset("Iterator Generator AsyncIterator AsyncGenerator Iterable AsyncIterable".split())
#: iterating over one of these, or taking one of its items, gives its first argument: `X[]`
_CONTAINERS = _YIELDS | frozenset(
    "list List set Set frozenset FrozenSet tuple Tuple Sequence MutableSequence Collection deque Deque "
    "AbstractSet KeysView ValuesView".split()
)
_YIELDING = ("contextmanager", "asynccontextmanager", "fixture")


def _split(text: str, separator: str) -> list[str]:
    """Parts of `text` at `separator` outside brackets."""
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        if char in "[(":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [p for p in parts if p.strip()]


#: names of types that say nothing of what a value is
_ANYTHING = frozenset("None Any object Never NoReturn LiteralString".split())
_MOST = 4
"""Classes in a union before nothing is said of it."""


def reduced(annotation: str, decorators: tuple[str, ...] = ()) -> str:
    """`Optional["app.Flask"]` -> `app.Flask`, `list[X]` -> `X[]`; `A | B` -> `A|B`; "" when it names
    no class.

    `decorators` of a function tell whether a yielded value is meant (context managers, fixtures).
    """
    text = annotation.replace(" ", "").replace("\n", "").strip("\"'")
    for _ in range(8):
        text = text.strip("\"'")
        parts = _split(text, "|")
        if len(parts) != 1:
            known = dict.fromkeys(t for part in parts for t in reduced(part, decorators).split("|") if t)
            return "|".join(known) if len(known) <= _MOST else ""
        text = parts[0].strip("\"'")
        if _DOTTED.match(text):
            last = text.rsplit(".", 1)[-1]
            return "" if last in _ANYTHING else last if last == "Self" else text
        if not text.endswith("]") or "[" not in text:
            return ""
        head, inner = text[:-1].split("[", 1)
        name = head.rsplit(".", 1)[-1]
        arguments = _split(inner, ",")
        if name in _YIELDS and any(d.split("(")[0].rsplit(".", 1)[-1] in _YIELDING for d in decorators):
            text = arguments[0] if arguments else ""
        elif name == "Union":
            text = "|".join(arguments)
        elif name in _TRANSPARENT:
            text = arguments[0] if arguments else ""
        elif name in _AWAITED:
            text = arguments[-1] if arguments else ""
        elif name in _CONTAINERS:
            same = name not in ("tuple", "Tuple") or len(arguments) == 1 or arguments[1:] == ["..."]
            elements = reduced(arguments[0]) if arguments and same else ""
            return "|".join(f"{element}[]" for element in elements.split("|")) if elements else head
        elif _DOTTED.match(head):  # a generic class of some kind: its members are those of the class
            return head
        else:
            return ""
    return ""
