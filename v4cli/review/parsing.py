"""Rules on one file's syntax: does it still parse, was a debugger left in.

Python is judged by the interpreter's own parser, JavaScript and TypeScript by tree-sitter's grammars.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from .brackets import balanced
from .changes import FileChange
from .findings import Finding, Level

if TYPE_CHECKING:
    from tree_sitter import Parser

_PYTHON = frozenset({".py", ".pyi", ".pyw"})
_GRAMMARS = {
    ".js": "javascript",
    ".jsx": "javascript",
    ".mjs": "javascript",
    ".cjs": "javascript",
    ".ts": "typescript",
    ".mts": "typescript",
    ".cts": "typescript",
    ".tsx": "tsx",
}
#: folders whose files are inputs of tests or templates, broken on purpose more often than by accident
_SAMPLES = frozenset({"fixtures", "__fixtures__", "testdata", "test_data", "test-data", "__snapshots__", "templates"})
_DEBUGGERS = frozenset({"pdb", "ipdb", "pudb", "wdb", "rpdb", "bpdb", "web_pdb", "remote_pdb"})
_MENTIONS = re.compile(rb"breakpoint|set_trace|\b(?:i|pu|w|r|b|)p?db\b|web_pdb|remote_pdb")
#: what newer Pythons than the running one may mean by a line that it rejects
_NEWER = re.compile(
    rb"^\s*(?:type\s+\w|(?:async\s+)?def\s+\w+\s*\[|class\s+\w+\s*\[|except\b[^(:]*,)|\b[rRbB]?[ftFT][rR]?[\"']"
)


def suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def is_python(path: str) -> bool:
    return suffix(path) in _PYTHON


def parses_as_code(path: str) -> bool:
    return suffix(path) in _PYTHON or suffix(path) in _GRAMMARS


def check(file: FileChange) -> Iterator[Finding]:
    """Findings in the new content of one file."""
    if file.new is None or not parses_as_code(file.path):
        return
    if is_python(file.path):
        tree = _python_tree(file.new)
        if isinstance(tree, ast.Module):
            yield from _python_debuggers(file, tree)
        else:
            yield from _syntax_error(file, tree)
        return
    error = _first_error(file.new, file.path)
    if error is not None:
        yield from _syntax_error(file, error)
    if any(b"debugger" in line for _, line in file.added_lines()):
        yield from _javascript_debuggers(file)


def _syntax_error(file: FileChange, error: tuple[int, str]) -> Iterator[Finding]:
    """An error if the old content parsed or there was none; a file that was broken before is left alone.

    TypeScript gains syntax faster than its grammar: without a bracket out of place, it is a warning.
    """
    if file.old is not None and _error(file.old, file.path) is not None:
        return
    line, detail = error
    assert file.new is not None
    newer = _GRAMMARS.get(suffix(file.path)) in ("typescript", "tsx") and balanced(file.new)
    level: Level = "warning" if newer or is_sample(file.path) else "error"
    what = "no longer parses" if file.old is not None else "does not parse"
    yield Finding(file.path, line, level, "syntax-error", f"{what}: {detail}")


def is_sample(path: str) -> bool:
    """Whether a file looks like an input of tests or a template rather than code that runs."""
    folders = set(PurePosixPath(path).parts[:-1])
    return not _SAMPLES.isdisjoint(folders) or ("data" in folders and not folders.isdisjoint({"test", "tests"}))


def _error(source: bytes, path: str) -> tuple[int, str] | None:
    """Line and words of the first syntax error, None if there is none."""
    if not is_python(path):
        return _first_error(source, path)
    tree = _python_tree(source)
    return None if isinstance(tree, ast.Module) else tree


def _python_tree(source: bytes) -> ast.Module | tuple[int, str]:
    """The module, or line and words of the error. An empty module where only a newer Python can tell."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except SyntaxError as error:
        line = max(error.lineno or 1, 1)
        lines = source.split(b"\n")
        text = lines[line - 1] if line <= len(lines) else b""
        if _NEWER.search(text) and _first_error(source, "x.py") is None:
            return ast.Module(body=[], type_ignores=[])
        return min(line, len(lines)), error.msg or "invalid syntax"
    except (ValueError, RecursionError, MemoryError) as problem:
        if isinstance(problem, ValueError) and b"\0" in source:
            return source[: source.index(b"\0")].count(b"\n") + 1, "null byte in source"
        return ast.Module(body=[], type_ignores=[])


def _first_error(source: bytes, path: str) -> tuple[int, str] | None:
    """Line and words of the first error that tree-sitter reports."""
    if b"@flow" in source[:2000]:  # another language in files of the same name
        return None
    root = _parser("python" if is_python(path) else _GRAMMARS[suffix(path)]).parse(source).root_node
    if not root.has_error:
        return None
    node = root
    while not (node.is_error or node.is_missing):
        child = next((c for c in node.children if c.has_error or c.is_missing), None)
        if child is None:
            break
        node = child
    line = node.start_point[0] + 1
    if node.is_missing:
        return line, f"missing {node.type}"
    words = source[node.start_byte : node.end_byte].split(b"\n")[0].strip()[:40].decode("utf-8", "replace")
    return line, f"unexpected {words!r}" if words else "invalid syntax"


def _parser(grammar: str) -> Parser:
    from repo_index.languages.grammar_wheels import parser

    if grammar in ("typescript", "tsx"):
        return parser("tree_sitter_typescript", f"language_{grammar}")
    return parser(f"tree_sitter_{grammar}")


def _python_debuggers(file: FileChange, tree: ast.Module) -> Iterator[Finding]:
    """Calls that stop in a debugger (error) and imports of one (warning), on added lines."""
    if not any(_MENTIONS.search(line) for _, line in file.added_lines()):
        return
    modules: dict[str, str] = {}
    functions: set[str] = set()
    shadowed = False
    calls: list[ast.Call] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in _DEBUGGERS:
                    modules[alias.asname or alias.name] = alias.name
                    if file.is_added(node.lineno):
                        yield _debugger(file, node.lineno, f"import of the debugger {alias.name}", "warning")
        elif isinstance(node, ast.ImportFrom) and node.module in _DEBUGGERS and not node.level:
            for alias in node.names:
                if alias.name == "set_trace":
                    functions.add(alias.asname or alias.name)
            if file.is_added(node.lineno):
                yield _debugger(file, node.lineno, f"import from the debugger {node.module}", "warning")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == "breakpoint":
            shadowed = True
        elif isinstance(node, ast.Call):
            calls.append(node)
    for call in calls:
        name = ast.unparse(call.func) if isinstance(call.func, ast.Name | ast.Attribute) else ""
        owner, _, last = name.rpartition(".")
        stops = (name == "breakpoint" and not shadowed) or name in functions
        if (stops or (last == "set_trace" and owner in modules)) and file.is_added(call.lineno):
            yield _debugger(file, call.lineno, f"debugger left in: {name}()", "error")


def _javascript_debuggers(file: FileChange) -> Iterator[Finding]:
    assert file.new is not None
    root = _parser(_GRAMMARS[suffix(file.path)]).parse(file.new).root_node
    for match in re.finditer(rb"\bdebugger\b", file.new):
        node = root.descendant_for_byte_range(match.start(), match.end())
        if node is None or node.parent is None or node.parent.type != "debugger_statement":
            continue
        line = node.start_point[0] + 1
        if file.is_added(line):
            yield _debugger(file, line, "debugger left in: debugger;", "error")


def _debugger(file: FileChange, line: int, message: str, level: Level) -> Finding:
    return Finding(file.path, line, level, "debugger", message)
