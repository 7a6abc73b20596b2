"""Lines that a rewritten text repeats are taken from the original: its blank lines and comments stay as they were."""

from __future__ import annotations

import ast
from difflib import SequenceMatcher

from ..python.source import try_parse


def merged(original: str, text: str, keep_comments: bool) -> str:
    """`text` with the original's blank lines between lines that both have; with `keep_comments` comment lines that
    are missing between such lines come back. `text` itself where that would change more than white space."""
    old, new = _rows(original), _rows(text)
    rows: list[tuple[int, str]] = []
    matcher = SequenceMatcher(None, [r for _, r in old], [r for _, r in new], autojunk=False)
    after_equal = True
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            block = list(old[a:b])
            if not after_equal:
                block[0] = new[c][0], block[0][1]
            rows += block
        elif tag == "delete" and keep_comments and all(r.lstrip().startswith("#") for _, r in old[a:b]):
            rows += old[a:b]
            continue
        else:
            rows += new[c:d]
        after_equal = tag in {"equal", "delete"}
    result = "\n".join("\n" * blank + row for blank, row in rows)
    return result if _code(result) == _code(text) else text


def _rows(text: str) -> list[tuple[int, str]]:
    """Each line that is not blank, with the number of blank lines before it."""
    rows = []
    blank = 0
    for row in text.split("\n"):
        if not row.strip():
            blank += 1
            continue
        rows.append((blank, row.rstrip()))
        blank = 0
    return rows


def _code(text: str) -> str | None:
    """What the text means, white space inside of strings left out of account."""
    source = try_parse("", (text + "\n").encode())
    if source is None:
        return None
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = " ".join(node.value.split())
    return ast.dump(source.tree)
