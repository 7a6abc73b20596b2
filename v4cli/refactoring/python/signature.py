"""Adding a parameter to a `def` and an argument to a call, in the layout that is there."""

from __future__ import annotations

import ast

from ...errors import Refused
from ..workspace import Edit
from .source import FunctionNode, PythonSource, Span, docstring

_LITERAL_TYPES = {bool: "bool", int: "int", float: "float", str: "str", bytes: "bytes"}


def parameter_names(function: FunctionNode) -> list[str]:
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [a.arg for a in [*named, arguments.vararg, arguments.kwarg] if a is not None]


def literal_type(expression: str) -> str | None:
    """The builtin type of a literal: `bool` for "False"; None for anything else."""
    try:
        return _LITERAL_TYPES.get(type(ast.literal_eval(expression)))
    except (ValueError, SyntaxError):
        return None


def is_annotated(function: FunctionNode) -> bool:
    """Whether the signature carries annotations throughout (self and cls apart)."""
    arguments = function.args
    named = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    others = [a for a in named if a.arg not in {"self", "cls"}]
    if not others:
        return function.returns is not None
    return all(a.annotation is not None for a in others)


def add_parameter(
    source: PythonSource, function: FunctionNode, name: str, default: str | None, annotation: str | None
) -> Edit:
    """Put the parameter last: behind the positional ones, keyword-only where there is `*`, before `**`.

    Raises Refused when a parameter without default would have to follow one that has a default.
    """
    text = f"{name}: {annotation}" if annotation else name
    if default is not None:
        text += f" = {default}" if annotation else f"={default}"
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    keyword_only = arguments.vararg is not None or bool(arguments.kwonlyargs)
    if default is None and arguments.defaults and not keyword_only:
        raise Refused(
            f"{source.path}:{function.lineno}: {function.name} has parameters with defaults; {name} needs one too"
        )
    opening, closing = parameter_list(source, function)
    items: list[tuple[ast.arg, ast.expr | None]] = []
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    items += list(zip(positional, defaults + list(arguments.defaults), strict=True))
    if arguments.vararg is not None:
        items.append((arguments.vararg, None))
    items += list(zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True))
    ends = [source.span(value if value is not None else arg)[1] for arg, value in items]
    ends = [
        _past_parentheses(source, e, closing) if value is not None else e
        for e, (_, value) in zip(ends, items, strict=True)
    ]
    if not items:
        if arguments.kwarg is None:
            return (
                Edit(opening + 1, closing, source.encode(text))
                if _blank(source, opening, closing)
                else Edit(opening + 1, opening + 1, source.encode(text))
            )
        start = source.span(arguments.kwarg)[0]
        at = source.data.rindex(b"**", opening, start)
        return Edit(at, at, source.encode(_before(source, opening, at, text)))
    last = max(ends)
    # `def f(a, /)`: the slash closes the positional-only part, so the new parameter stands behind it
    if arguments.posonlyargs and not arguments.args and not keyword_only:
        slash = source.data.find(b"/", last, closing)
        last = slash + 1 if slash >= 0 else last
    if arguments.kwarg is None:
        return append_item(source, (opening, closing), last, _item_start(source, items[-1][0]), text)
    start = source.data.rindex(b"**", last, source.span(arguments.kwarg)[0])
    return Edit(start, start, source.encode(_before(source, last, start, text)))


def _past_parentheses(source: PythonSource, end: int, limit: int) -> int:
    """A default in parentheses ends behind them; ast's span leaves them out."""
    position = end
    while position < limit:
        byte = source.data[position : position + 1]
        if byte == b")":
            position += 1
            end = position
        elif byte in b" \t":
            position += 1
        else:
            break
    return end


def _item_start(source: PythonSource, arg: ast.arg) -> int:
    return source.span(arg)[0]


def _blank(source: PythonSource, opening: int, closing: int) -> bool:
    return not source.data[opening + 1 : closing].strip()


def _before(source: PythonSource, after: int, at: int, text: str) -> str:
    """Text for an item in front of the one at `at`, on a line of its own when that one has its own line."""
    line = source.line_start(at)
    head = source.code((line, at))
    if line > after and not head.strip():
        return f"{text},\n{head}"
    return f"{text}, "


def parameter_list(source: PythonSource, function: FunctionNode) -> Span:
    """Offsets of the opening and of the closing parenthesis of the parameters."""
    start = source.span(function)[0]
    depth = 0
    opening = -1
    for _, text, (begin, _end) in source.tokens:
        if begin < start:
            continue
        if text in {"(", "[", "{"}:
            # type parameters stand in brackets before the parameters
            if text == "(" and depth == 0 and opening < 0:
                opening = begin
            depth += 1
        elif text in {")", "]", "}"}:
            depth -= 1
            if depth == 0 and opening >= 0:
                return opening, begin
    raise Refused(f"{source.path}:{function.lineno}: cannot find the parameters of {function.name}")


def append_item(source: PythonSource, brackets: Span, last_end: int, last_start: int, text: str) -> Edit:
    """Append to a list of parameters or arguments that is not empty.

    `last_end` is the end of its last item, `brackets` the offsets of the opening and closing bracket.
    """
    opening, closing = brackets
    tail = _without_comments(source, last_end, closing)
    comma = tail.find(b",")
    own_line = source.line_of(last_start) > source.line_of(opening) and not source.code(
        (source.line_start(last_start), last_start)
    ).strip(" \t*")
    closing_below = source.line_of(closing) > source.line_of(last_end)
    if own_line and closing_below:
        head = source.code((source.line_start(last_start), last_start))
        indent = head[: len(head) - len(head.lstrip())]
        trailing = "," if comma >= 0 else ""
        if comma >= 0:
            at = (
                source.line_end(last_end + comma)
                if source.line_of(last_end + comma) == source.line_of(last_end)
                else (last_end + comma + 1)
            )
            if source.line_of(last_end + comma) != source.line_of(last_end):
                return Edit(at, at, source.encode(f" {text},"))
            return Edit(at, at, source.encode(f"{indent}{text}{trailing}\n"))
        return Edit(last_end, last_end, source.encode(f",\n{indent}{text}"))
    if comma >= 0:
        at = last_end + comma + 1
        if closing_below or tail[comma + 1 :].strip():
            return Edit(at, at, source.encode(f" {text},"))
        return Edit(at, at, source.encode(f" {text}"))
    if own_line and source.line_of(opening) != source.line_of(last_end):
        head = source.code((source.line_start(last_start), last_start))
        indent = head[: len(head) - len(head.lstrip())]
        lines = {source.line_of(last_start), source.line_of(opening)}
        if len(lines) == 2:
            return Edit(last_end, last_end, source.encode(f",\n{indent}{text}"))
    return Edit(last_end, last_end, source.encode(f", {text}"))


def _without_comments(source: PythonSource, start: int, end: int) -> bytes:
    """The bytes of the range with comments blanked out, so that offsets stay."""
    data = bytearray(source.data[start:end])
    for begin, stop in source.comments:
        if start <= begin < end:
            data[begin - start : stop - start] = b" " * (stop - begin)
    return bytes(data)


def add_argument(source: PythonSource, call: ast.Call, name: str, value: str) -> list[Edit]:
    """Pass `name=value` in the call: last, but before `**mapping`."""
    text = f"{name}={value}"
    opening, closing = argument_list(source, call)
    items: list[tuple[int, int]] = []
    for argument in call.args:
        items.append(source.span(argument))
    for keyword in call.keywords:
        items.append(source.span(keyword))
    if not items:
        if _blank(source, opening, closing):
            return [Edit(opening + 1, closing, source.encode(text))]
        return [Edit(opening + 1, opening + 1, source.encode(text + " "))]
    unpacked = [k for k in call.keywords if k.arg is None]
    if unpacked:
        at = source.span(unpacked[0])[0]
        before = [end for _, end in items if end <= at]
        return [Edit(at, at, source.encode(_before(source, max(before, default=opening), at, text)))]
    edits: list[Edit] = []
    generator = call.args[0] if len(call.args) == 1 and not call.keywords else None
    if isinstance(generator, ast.GeneratorExp):
        start, end = source.span(generator)
        if start == opening:
            # f(x for x in y): the call's own parentheses serve the generator, which is in need of its own now
            return [
                Edit(opening, opening, b"("),
                Edit(closing + 1, closing + 1, source.encode(f", {text})")),
            ]
        items = [(start, end)]
    start, end = max(items)
    end = _past_parentheses(source, end, closing)
    edits.append(append_item(source, (opening, closing), end, start, text))
    return edits


def argument_list(source: PythonSource, call: ast.Call) -> Span:
    """Offsets of the opening and of the closing parenthesis of the arguments: the last one and its partner."""
    start = source.span(call.func)[1]
    closing = source.span(call)[1] - 1
    depth = 0
    for _, text, (begin, _end) in reversed(source.tokens):
        if begin > closing or begin < start:
            continue
        if text in {")", "]", "}"}:
            depth += 1
        elif text in {"(", "[", "{"}:
            depth -= 1
            if depth == 0:
                return begin, closing
    raise ValueError("a call without parentheses")


def insert_first(source: PythonSource, function: FunctionNode, statements: list[str]) -> Edit:
    """Put one-line statements before the body, behind its docstring. Raises Refused where there is no other body."""
    body = function.body
    first = body[1] if len(body) > 1 and docstring(body) is not None else body[0]
    start = source.full_span(first)[0]
    line = source.line_start(start)
    head = source.code((line, start))
    if docstring(body) is not None and len(body) == 1:
        raise Refused(f"{source.path}:{function.lineno}: {function.name} has no body")
    if head.strip():
        return Edit(start, start, source.encode("".join(f"{s}; " for s in statements)))
    while line > source.line_end(source.span(function)[0]):
        above = source.line_start(line - 1)
        if not source.data[above:line].lstrip().startswith(b"#"):
            break
        line = above
    return Edit(line, line, source.encode("".join(f"{head}{s}\n" for s in statements)))
