"""Macros that stand where the grammars know none: attributes, calling conventions, definitions by a macro alone; and
parameters declared after their list. They are blanked, or made what the grammar reads, at the same length."""

from __future__ import annotations

import re

from .c_prepare import Prepared, blank

_CAPS = rb"[A-Z][A-Z0-9_]{2,}"
_ARGUMENTS = rb"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_TYPE_WORDS = (
    rb"(?:const|volatile|static|inline|extern|struct|union|enum|class|unsigned|signed|int|char|void|long|short|float|"
    rb"double|bool|size_t|virtual|explicit|typename|constexpr|typedef|friend|template|auto)\b"
)
_QUALIFIERS = frozenset(
    b"const volatile static inline extern struct union enum class unsigned signed virtual explicit typename constexpr "
    b"typedef friend return else new delete case goto throw using namespace operator sizeof public private protected "
    b"register mutable do define".split()
)
#: `API int f(...)`, `ALIGN(8) struct x`
_BEFORE_TYPE = re.compile(rb"(?<![\w.>:])(" + _CAPS + rb"(?:[ \t]*" + _ARGUMENTS + rb")?)(?=\s+" + _TYPE_WORDS + rb")")
#: `int WINAPI f(`, `void * API f(`
_BEFORE_NAME = re.compile(rb"(\w+)((?:\s*[*&]+\s*)|\s+)(" + _CAPS + rb")(?=\s+\**\s*(?:[A-Za-z_][\w:]*|\(\w+\))\s*\()")
#: `API name_t f(`, `API name_t *(f)(`
_AT_START = re.compile(
    rb"^[ \t]*("
    + _CAPS
    + rb")(?=[ \t]+([A-Za-z_][\w:]*)(?:\s*[*&]+\s*|\s+)(?:[A-Za-z_][\w:]*\s*[(;=\[]|\(\w+\)\s*\())",
    re.MULTILINE,
)
#: `f(...) ATTRIBUTE;`, `f(...) ATTRIBUTE(1) {`
_AFTER_PARAMETERS = re.compile(rb"\)\s*(" + _CAPS + rb"(?:\s*" + _ARGUMENTS + rb")?)\s*(?=[;{])")
#: `class EXPORT Name {`
_CLASS = re.compile(
    rb"\b(?:class|struct|union|enum)\s+("
    + _CAPS
    + rb"(?:\s*"
    + _ARGUMENTS
    + rb")?)\s+(?=[A-Za-z_]\w*\s*(?:final\s*)?[:{])"
)
#: a macro alone on its lines
_ALONE = re.compile(rb"^[ \t]*([A-Za-z_]\w*)([ \t]*" + _ARGUMENTS + rb")?[ \t]*(\r?\n)", re.MULTILINE)
_NEXT = re.compile(rb"\s*(\S)")
_OLD_STYLE = re.compile(
    rb"\w[ \t]*\(\s*([A-Za-z_]\w*(?:\s*,\s*[A-Za-z_]\w*)*)\s*(\))\s*((?:[A-Za-z_][\w\s*,\[\]()]*;\s*)+)(?=\{)"
)
_HEAD = re.compile(rb"\b(?:namespace|extern|class|struct|union)\b")
_ENUM = re.compile(rb"\benum\b")


def outside(bare: bytes) -> list[tuple[int, int]]:
    """Spans that lie in no function body, initializer or list of enumerators."""
    found: list[tuple[int, int]] = []
    stack: list[bool] = []
    start = last = 0
    deep = 0
    for match in re.finditer(rb"[{};]", bare):
        at = match.start()
        if match[0] == b"{":
            head = bare[max(last, at - 400) : at]
            is_open = _HEAD.search(head) is not None and b"=" not in head and not head.rstrip().endswith(b")")
            is_open = is_open and (
                b"(" not in head or (_HEAD.match(head.lstrip()) is not None and b")" not in head[-3:])
            )
            is_open = is_open and _ENUM.search(head) is None
            if not is_open and deep == 0:
                found.append((start, at + 1))
            deep += not is_open
            stack.append(is_open)
        elif match[0] == b"}" and stack:
            was_open = stack.pop()
            deep -= not was_open
            if not was_open and deep == 0:
                start = at
        last = at + 1
    if deep == 0:
        found.append((start, len(bare)))
    return found


def mask(prepared: Prepared) -> None:
    """Rewrite `prepared.code`; what is blanked is listed in `prepared.masked`."""
    code = prepared.code
    bare = bytearray(prepared.bare)

    def hide(start: int, end: int) -> None:
        prepared.masked.append((start, end))
        blank(code, start, end)
        blank(bare, start, end)

    for match in list(_CLASS.finditer(bytes(bare))):
        hide(*match.span(1))
    spans = outside(bytes(bare))
    for match in list(_BEFORE_NAME.finditer(bytes(bare))):
        if match[1] not in _QUALIFIERS and not match[1].isdigit():
            hide(*match.span(3))
    for match in list(_BEFORE_TYPE.finditer(bytes(bare))):
        hide(*match.span(1))
    for match in list(_AT_START.finditer(bytes(bare))):
        if match[2] not in _QUALIFIERS:
            hide(*match.span(1))
    for start, end in spans:
        for match in list(_AFTER_PARAMETERS.finditer(bytes(bare[start:end]))):
            hide(start + match.start(1), start + match.end(1))
        _alone(code, bare, start, end, hide)
        _old_style(code, bare, start, end)


def _alone(code: bytearray, bare: bytearray, start: int, end: int, hide) -> None:  # type: ignore[no-untyped-def]
    region = bytes(bare[start:end])
    for match in list(_ALONE.finditer(region)):
        before = region[max(0, match.start() - 2000) : match.start()].rstrip()[-1:]
        following = _NEXT.match(region, match.end())
        after = following[1] if following is not None else b""
        if before not in (b"", b";", b"}", b"{", b":") and not (before == b")" and match[2]):
            continue
        if match[2] is None:
            if match[1].isupper() and len(match[1]) > 2 and (after.isalpha() or after in (b"_", b"}", b"~", b"")):
                hide(start + match.start(1), start + match.end(1))
        elif after.isalpha() or after in (b"_", b"", b"}", b"#"):
            code[start + match.start(3)] = bare[start + match.start(3)] = ord(";")


def _old_style(code: bytearray, bare: bytearray, start: int, end: int) -> None:
    for match in list(_OLD_STYLE.finditer(bytes(bare[start:end]))):
        names = {n.strip() for n in match[1].split(b",")}
        declared = set(re.findall(rb"[A-Za-z_]\w*", match[3]))
        if not names & declared or re.search(rb"\b(?:if|for|while|return)\b", match[0]):
            continue
        blank(code, start + match.start(1), start + match.end(1))
        code[start + match.start(2)] = ord(" ")
        body = bytes(code[start + match.start(3) : start + match.end(3)])
        last = body.rindex(b";")
        body = body[:last].replace(b";", b",") + b")" + body[last + 1 :]
        code[start + match.start(3) : start + match.end(3)] = body
