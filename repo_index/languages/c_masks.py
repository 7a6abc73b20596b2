"""Macros that stand where the grammars know none: attributes, calling conventions, definitions by a macro alone; and
parameters declared after their list. They are blanked, or made what the grammar reads, at the same length."""

from __future__ import annotations

import re
from collections.abc import Callable

from .c_prepare import Prepared, blank

_CAPS = rb"(?<!\w)[A-Z][A-Z0-9_]{2,}+"
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
#: `local int f(`, `static atomic_type size_t x`
_WORD_BEFORE_TYPE = re.compile(
    rb"^[ \t]*(?:(?:static|extern|inline|typedef)[ \t]+)*([A-Za-z_]\w*)(?=[ \t]+" + _TYPE_WORDS + rb")"
    rb"(?![ \t]+(?:const|volatile)\b(?:[\s*&]|const\b)*\w+\s*[;=({\[,)])",  # `type const name;`
    re.MULTILINE,
)
#: `int WINAPI f(`, `void * API f(`, `char FAR *`, `} FAR name;`
_BEFORE_NAME = re.compile(
    rb"((?<!\w)\w++|\})((?:\s*[*&]+\s*)|\s+|(?<=\}))(" + _CAPS + rb")"
    rb"(?=\s+\**\s*(?:[A-Za-z_][\w:]*|\(\w+\))\s*\(|\s+[A-Za-z_]\w*\s*[\[=;]|\s*\*)"
)
#: `(WINAPI *name)`
_IN_POINTER = re.compile(rb"\(\s*(" + _CAPS + rb")(?=\s*\*\s*\w+\s*\)\s*\()")
#: `API name_t f(`, `API name_t *(f)(`
_AT_START = re.compile(
    rb"^(?:[ \t]*(" + _CAPS + rb")|([A-Za-z_]\w*))(?=[ \t]+([A-Za-z_][\w:]*)"
    rb"(?:\s*[*&]+\s*|\s+)(?:[A-Za-z_][\w:]*\s*[(;=\[]|\(\w+\)\s*\())",
    re.MULTILINE,
)
#: `name OF((int a))`
_DOUBLE = re.compile(rb"[\w)]\s+([A-Za-z_]\w*\s*\()(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))\s*(\))\s*;")
#: `int name GUARDED_BY(lock);`
_AFTER_NAME = re.compile(
    rb"((?<!\w)\w++)[\s>*&]+\w++(?:\[[\w:]*\])?\s+(" + _CAPS + rb"\s*" + _ARGUMENTS + rb")(?=\s*[;={])"
)
#: `DEFINE_FLAG(int, name, 1);`
_DEFINES = re.compile(rb"(?:(?<=[;})])|\A)\s*[A-Za-z_]\w*\s*\(([^(){};]*)\)\s*;")
#: `for_each(item, list) {`
_BLOCK = re.compile(rb"(?<=[;{})])\s*([A-Za-z_]\w*)\s*" + _ARGUMENTS + rb"(\s)\s*\{")
#: `macro(type *, value)`
_TYPE_ARGUMENTS = re.compile(rb"\b([A-Za-z_]\w*)\s*\(([^(){};]*)\)")
_PRIMITIVES = (
    rb"(?:const\s+)?(?:(?:unsigned|signed|long|short|int|char|void|double|float|bool|_Bool|u?int\d+_t|size_t)\b[\s*]*)+"
)
_PRIMITIVE_ARGUMENT = re.compile(rb"(?:(?<=,)|\A)\s*(" + _PRIMITIVES + rb")(?=,|\Z)")
_TAG_ARGUMENT = re.compile(rb"(?:(?<=,)|\A)\s*(?:const\s+)?(struct|union|enum)\s+\w+[\s*]*(?=,|\Z)")
_POINTER_ARGUMENT = re.compile(rb"(?:(?<=,)|\A)\s*(?:const\s+)?(?:struct\s+|union\s+)?\w+\s*(\*[\s*]*)(?=,|\Z)")
_NEW_POINTERS = re.compile(rb"\bnew\s+[\w:]+\s*(\*+)(?=\s*\[)")
_STATEMENTS = frozenset(
    b"if for while switch catch return else do case goto sizeof alignof typeof decltype new delete throw defined "
    b"constexpr noexcept operator and or not void int char bool long unsigned float double auto requires offsetof "
    b"__attribute__ __declspec asm __asm__ static_assert _Static_assert alignas".split()
)
#: `f(...) ATTRIBUTE;`, `f(...) ATTRIBUTE(1) {`
_AFTER_PARAMETERS = re.compile(
    rb"\)\s*((?:(?:" + _CAPS + rb"|__attribute__|noreturn)(?:\s*" + _ARGUMENTS + rb")?\s*)+)(?=[;{]|:[^:])"
)
#: `LIST_HEAD(name, type) head;`
_TYPE_MACRO = re.compile(rb"\b" + _CAPS + rb"\s*(\([^(){};]*,[^(){};]*\))(?=\s*[A-Za-z_]\w*\s*[;=\[])")
#: `class EXPORT Name {`
_CLASS = re.compile(
    rb"\b(?:class|struct|union|enum)\s+("
    + _CAPS
    + rb"(?:\s*"
    + _ARGUMENTS
    + rb")?)\s+(?=[A-Za-z_]\w*\s*(?:final\s*)?[:{])"
    rb"|\bclass\s+(" + _CAPS + rb")\s+(?=[A-Za-z_]\w*\s*;)"
    rb"|\b(?:struct|union)\s+([A-Z][A-Z0-9_]*(?:API|EXPORT|EXPORTS|DLL|PUBLIC))\s+(?=[A-Za-z_]\w*\s*;)"
)
_TYPES = frozenset(b"int char void long short float double bool size_t".split())
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

    def each(pattern: re.Pattern[bytes]) -> list[re.Match[bytes]]:
        return list(pattern.finditer(bytes(bare)))

    for match in each(_DOUBLE):
        hide(*match.span(1))
        blank(code, *match.span(3))
        blank(bare, *match.span(3))
    for match in each(_CLASS):
        hide(*match.span(match.lastindex or 1))
    for match in each(_BEFORE_NAME):
        if match[1] not in _QUALIFIERS and not match[1].isdigit():
            hide(*match.span(3))
    for match in each(_TYPE_MACRO):
        hide(*match.span(1))
    for pattern in (_BEFORE_TYPE, _IN_POINTER, _NEW_POINTERS):
        for match in each(pattern):
            hide(*match.span(1))
    for match in each(_WORD_BEFORE_TYPE):
        if match[1] not in _QUALIFIERS and match[1] not in _TYPES:
            hide(*match.span(1))
    for match in each(_AT_START):
        first = match[1] or match[2]
        if match[3] not in _QUALIFIERS and first not in _QUALIFIERS and first not in _TYPES:
            hide(*match.span(1 if match[1] else 2))
    spans = outside(bytes(bare))
    between = list(zip([0, *(end for _, end in spans)], [*(start for start, _ in spans), len(bare)], strict=True))
    outer = bytearray(bare)
    for start, end in between:
        blank(outer, start, end)

    def hide_outer(start: int, end: int) -> None:
        hide(start, end)
        blank(outer, start, end)

    for match in list(_AFTER_PARAMETERS.finditer(bytes(outer))):
        hide_outer(*match.span(1))
    for match in list(_AFTER_NAME.finditer(bytes(outer))):
        if match[1] not in _STATEMENTS or match[1] in _TYPES:
            hide_outer(*match.span(2))
    for match in list(_DEFINES.finditer(bytes(outer))):
        if re.search(rb"\b" + _PRIMITIVES, match[1]):
            hide_outer(*match.span(1))
    _alone(code, outer, hide_outer)
    _old_style(code, bytes(outer))
    for start, end in between:
        if start < end:
            _statements(code, bare, start, end)


def _statements(code: bytearray, bare: bytearray, start: int, end: int) -> None:
    """Macros in the body of a function: loops, statements without a semicolon, types among arguments."""
    start = max(0, start - 1)  # with the brace
    region = bytes(bare[start:end])
    for match in _BLOCK.finditer(region):
        if match[1] not in _STATEMENTS:
            code[start + match.start(2)] = ord(";")
    for match in _ALONE.finditer(region):
        if match[2] is None or match[1] in _STATEMENTS:
            continue
        before = region[max(0, match.start() - 2000) : match.start()].rstrip()
        following = _NEXT.match(region, match.end())
        after = following[1] if following is not None else b""
        if (before[-1:] in (b";", b"}", b"{", b":", b")") or before.endswith(b"else")) and (
            after.isalpha() or after in (b"_", b"}")
        ):
            code[start + match.start(3)] = ord(";")
    for match in _TYPE_ARGUMENTS.finditer(region):
        if match[1] in _STATEMENTS:
            continue
        base = start + match.start(2)
        for found in _PRIMITIVE_ARGUMENT.finditer(match[2]):
            blank(code, base + found.start(1), base + found.end(1))
            code[base + found.start(1)] = ord("0")
        if b"," in match[2]:
            for pattern in (_TAG_ARGUMENT, _POINTER_ARGUMENT):
                for found in pattern.finditer(match[2]):
                    blank(code, base + found.start(1), base + found.end(1))


def _alone(code: bytearray, outer: bytearray, hide: Callable[[int, int], None]) -> None:
    text = bytes(outer)
    for match in _ALONE.finditer(text):
        before = text[max(0, match.start() - 2000) : match.start()].rstrip()[-1:]
        following = _NEXT.match(text, match.end())
        after = following[1] if following is not None else b""
        if before not in (b"", b";", b"}", b"{", b":") and not (before == b")" and match[2]):
            continue
        if match[2] is None:
            if match[1].isupper() and len(match[1]) > 2 and (after.isalpha() or after in (b"_", b"}", b"~", b"")):
                hide(*match.span(1))
        elif after.isalpha() or after in (b"_", b"", b"}", b"#"):
            code[match.start(3)] = outer[match.start(3)] = ord(";")


def _old_style(code: bytearray, outer: bytes) -> None:
    for match in _OLD_STYLE.finditer(outer):
        names = {n.strip() for n in match[1].split(b",")}
        declared = set(re.findall(rb"[A-Za-z_]\w*", match[3]))
        if not names & declared or re.search(rb"\b(?:if|for|while|return)\b", match[0]):
            continue
        blank(code, *match.span(1))
        code[match.start(2)] = ord(" ")
        body = bytes(code[match.start(3) : match.end(3)])
        last = body.rindex(b";")
        code[match.start(3) : match.end(3)] = body[:last].replace(b";", b",") + b")" + body[last + 1 :]
