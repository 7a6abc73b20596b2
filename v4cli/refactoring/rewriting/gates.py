"""What a rewritten definition or region has to keep. Each gate gives the reasons why a text is not taken."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from ..python.modules import is_python
from ..python.source import DEFINITIONS, FUNCTIONS, FunctionNode, docstring, try_parse
from .region import Region

if TYPE_CHECKING:
    from repo_index.facts import FileFacts


def definitions_kept(region: Region, before: FileFacts, after: FileFacts, removes: Collection[str] = ()) -> list[str]:
    """No definition or import of the file is lost, and none but members of the rewritten symbol is new.

    `removes`: qualified names, or names that imports bind, that may go. Local names inside of functions are free.
    """
    there = {d.qualified for d in before.definitions}
    now = {d.qualified for d in after.definitions}
    problems = [f"drops {name}" for name in sorted(there - now - set(removes)) if not _inside_function(name, before)]
    if region.symbol is not None:
        own = region.symbol.qualified
        problems += [
            f"adds {name} beside {own}"
            for name in sorted(now - there)
            if name != own and not name.startswith(own + ".")
        ]
    imported = {i.local for i in before.imports if i.local and not i.scope}
    kept = {i.local for i in after.imports if i.local and not i.scope} | set(removes)
    problems += [f"drops the import of {name}" for name in sorted(imported - kept)]
    return problems


def _inside_function(qualified: str, facts: FileFacts) -> bool:
    outer = qualified.rpartition(".")[0]
    return bool(outer) and any(d.qualified == outer and d.kind in {"function", "method"} for d in facts.definitions)


def syntax_kept(path: str, before: FileFacts, after: FileFacts) -> list[str]:
    return [f"{path}:{after.errors[0][1]}: syntax error"] if len(after.errors) > len(before.errors) else []


def one_definition(region: Region, text: str) -> list[str]:
    """The text is exactly one definition, of the symbol's name and kind. Python only."""
    if region.symbol is None or not is_python(region.path):
        return []
    source = try_parse(region.path, (text + "\n").encode())
    if source is None:
        return ["does not parse"]
    body = source.tree.body
    if len(body) != 1 or not isinstance(body[0], DEFINITIONS):
        return ["is not exactly one definition"]
    is_class = isinstance(body[0], ast.ClassDef)
    if body[0].name != region.symbol.name or is_class != (region.symbol.kind == "class"):
        return [f"defines {body[0].name}, not {region.symbol.name}"]
    return []


# what a model's answer has to keep beyond that, by what the instruction speaks of

_SIGNATURE = re.compile(
    r"\b(?:param(?:eter)?s?|arg(?:ument)?s?|kwargs?|flags?|signatures?|keyword|optional|async|annotat\w+|"
    r"type hints?|defaults?|decorat\w+)\b",
    re.IGNORECASE,
)
_RESULT = re.compile(r"\b(?:return(?:s|ed|ing)?|yields?|accepts?|takes?)\b", re.IGNORECASE)
_DOCUMENTATION = re.compile(r"\b(?:docstrings?|doc|docs|document\w*|comments?|describ\w+)\b", re.IGNORECASE)
_REPLACING = re.compile(
    r"\b(?:replac\w+|instead|rather than|remov\w+|drop\w*|delet\w+|renam\w+|simplif\w+|rewrit\w+|convert\w*|turn\w*|"
    r"use|uses|using|inlin\w+|refactor\w*|switch\w*|chang\w+|without|rid|comprehension|f-strings?|loops?|early|"
    r"invert\w*|merge\w*|combin\w+|collaps\w+|shorten\w*|split\w*|stop|no longer|only|make|makes)\b",
    re.IGNORECASE,
)


def touches_signature(instruction: str, region: Region) -> bool:
    """Whether the answer may change the header: what is taken or returned shows there where it is annotated."""
    annotated = region.symbol is not None and "->" in region.symbol.definition.signature
    return bool(_SIGNATURE.search(instruction) or (annotated and _RESULT.search(instruction)))


def adds_parameter(instruction: str) -> bool:
    noun = r"(?:param(?:eter)?|arg(?:ument)?|kwarg|flag|option)s?"
    return bool(
        re.search(rf"\b(?:add|new|another|additional|extra|introduce)\b[^.;]{{0,40}}\b{noun}\b", instruction, re.I)
    )


def touches_documentation(instruction: str) -> bool:
    return bool(_DOCUMENTATION.search(instruction))


def may_replace(instruction: str) -> bool:
    """Whether the instruction speaks of anything but adding to what is there."""
    return bool(_REPLACING.search(instruction))


def content_kept(region: Region, text: str, instruction: str) -> list[str]:
    """What an answer must not lose: the signature, the docstring, and what only an adding instruction leaves as it
    is. Python only; other languages rely on definitions_kept()."""
    if not is_python(region.path):
        return []
    before, after = (
        try_parse(region.path, (region.text + "\n").encode()),
        try_parse(region.path, (text + "\n").encode()),
    )
    if before is None:
        return []
    if after is None:
        return ["does not parse"]
    if ast.dump(before.tree) == ast.dump(after.tree) and not touches_documentation(instruction):
        return ["changes nothing"]
    if before.data == after.data:
        return ["changes nothing"]
    problems: list[str] = []
    for path, old in _definitions(before.tree.body):
        new = dict(_definitions(after.tree.body)).get(path)
        if new is None:
            continue
        if isinstance(old, FUNCTIONS) and isinstance(new, FUNCTIONS):
            problems += _signature_kept(path, old, new, instruction, touches_signature(instruction, region))
        if not touches_documentation(instruction) and not _same_doc(_doc(old.body), _doc(new.body), instruction):
            problems.append(f"changes the docstring of {path}")
        if [ast.dump(d) for d in old.decorator_list] != [ast.dump(d) for d in new.decorator_list] and not re.search(
            r"decorat|propert|static|class ?method|@|cache", instruction, re.IGNORECASE
        ):
            problems.append(f"changes the decorators of {path}")
    if not may_replace(instruction):
        lost = sorted(_words(before.tree) - _words(after.tree))
        problems += [f"drops {', '.join(lost[:4])}"] if lost else []
    return problems


_SPELT = re.compile(
    r"`([A-Za-z_]\w*)`|\b([A-Z]\w*[a-z]\w*[A-Z]\w*|[a-z]\w*_\w+)\b|\b([A-Z]\w+(?:Error|Exception|Warning))\b"
)


def does_as_told(region: Region, text: str, instruction: str) -> list[str]:
    """An instruction that adds something names it: what it spells as code stands in the answer."""
    if may_replace(instruction):
        return []
    names = {next(filter(None, match.groups())) for match in _SPELT.finditer(instruction)}
    own = set(re.findall(r"\w+", region.symbol.id)) if region.symbol is not None else set()
    problems = [f"has no {name}" for name in sorted(names - own) if not re.search(rf"\b{name}\b", text)]
    if re.search(r"\blog(?:s|ged|ging)?\b", instruction, re.IGNORECASE):
        written = re.findall(r"\blog\w*\.|\blog\(", text, re.IGNORECASE)
        if len(written) <= len(re.findall(r"\blog\w*\.|\blog\(", region.text, re.IGNORECASE)):
            problems.append("logs nothing")
    return problems


def _definitions(body: list[ast.stmt], outer: str = "") -> list[tuple[str, FunctionNode | ast.ClassDef]]:
    found: list[tuple[str, FunctionNode | ast.ClassDef]] = []
    for node in body:
        if isinstance(node, DEFINITIONS):
            found.append((f"{outer}{node.name}", node))
            if isinstance(node, ast.ClassDef):
                found += _definitions(node.body, f"{outer}{node.name}.")
    return found


def _doc(body: list[ast.stmt]) -> str:
    found = docstring(body)
    return " ".join(str(found.value.value).split()) if found is not None else ""  # type: ignore[attr-defined]


def _same_doc(old: str, new: str, instruction: str) -> bool:
    """A docstring that tells of parameters and results may follow a change of these, in a few of its words."""
    if old == new:
        return True
    follows = bool(_SIGNATURE.search(instruction) or _RESULT.search(instruction))
    return follows and bool(old) and SequenceMatcher(None, old.split(), new.split(), autojunk=False).ratio() >= 0.7


def _signature_kept(path: str, old: FunctionNode, new: FunctionNode, instruction: str, may_change: bool) -> list[str]:
    same = ast.dump(old.args) == ast.dump(new.args) and type(old) is type(new)
    if same:
        return []
    if not may_change:
        return [f"changes the signature of {path}"]
    problems = []
    if isinstance(old, ast.AsyncFunctionDef) != isinstance(new, ast.AsyncFunctionDef) and "async" not in instruction:
        problems.append(f"makes {path} something else than it was (async)")
    names, now = _parameters(old), _parameters(new)
    gone = [n for n in names if n not in now]
    if gone and not re.search(r"\b(?:remov|drop|delet|renam|rid|without|replac)", instruction, re.IGNORECASE):
        problems.append(f"drops the parameter {gone[0]} of {path}")
    kept = [n for n in now if n in names]
    if kept != [n for n in names if n in now]:
        problems.append(f"reorders the parameters of {path}")
    required = _required(new) - _required(old)
    if more := sorted(required):
        problems.append(f"makes {more[0]} a parameter of {path} that every call has to pass")
    return problems


def _parameters(function: FunctionNode) -> list[str]:
    a = function.args
    named = [*a.posonlyargs, *a.args, *a.kwonlyargs]
    return [x.arg for x in [*named, a.vararg, a.kwarg] if x is not None]


def _required(function: FunctionNode) -> set[str]:
    a = function.args
    positional = [*a.posonlyargs, *a.args]
    free = positional[: len(positional) - len(a.defaults)]
    return {x.arg for x in free} | {k.arg for k, d in zip(a.kwonlyargs, a.kw_defaults, strict=True) if d is None}


def _words(tree: ast.AST) -> set[str]:
    """Names, attributes and keywords that the code uses, and its strings (docstrings apart)."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.keyword) and node.arg:
            words.add(node.arg)
        elif isinstance(node, ast.Raise | ast.Return | ast.Assert | ast.Yield | ast.Await):
            words.add(type(node).__name__.lower())
    return words


def comments_lost(region: Region, text: str) -> list[str]:
    """Comments of the region that the text has no more."""
    before, after = (
        try_parse(region.path, (region.text + "\n").encode()),
        try_parse(region.path, (text + "\n").encode()),
    )
    if before is None or after is None:
        return []
    kept = {after.code(span).strip() for span in after.comments}
    return [c for span in before.comments if (c := before.code(span).strip()) not in kept]
