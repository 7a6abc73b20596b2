"""Do the brackets of a JavaScript or TypeScript file pair up? A second opinion on what a grammar calls an error:
grammars lag behind new syntax, brackets do not change."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    rb"""//[^\n]*|/\*.*?(?:\*/|\Z)
    |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'
    |(?:(?<=[=(,:;!&|?{}\[\n+~^>-])|(?<=return))[ \t]*/(?![/*])(?:[^/\\\n\[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/
    |[(){}\[\]`]""",
    re.DOTALL | re.VERBOSE,
)
_TEMPLATE = re.compile(rb"\\.|`|\$\{", re.DOTALL)
_CLOSES = {b")": b"(", b"]": b"[", b"}": b"{"}


def balanced(source: bytes) -> bool:
    """Whether every bracket and template string closes what was opened last. Comments, strings and (as far as that
    can be told without parsing) regular expressions do not count."""
    stack: list[bytes] = []
    at = 0
    while True:
        in_template = bool(stack) and stack[-1] == b"`"
        token = (_TEMPLATE if in_template else _TOKEN).search(source, at)
        if token is None:
            return not stack
        text, at = token[0], token.end()
        if in_template:
            if text == b"`":
                stack.pop()
            elif text == b"${":
                stack.append(b"${")
        elif text in (b"(", b"[", b"{", b"`"):
            stack.append(text)
        elif text in _CLOSES and (not stack or stack.pop() not in (_CLOSES[text], b"${" if text == b"}" else b"")):
            return False
