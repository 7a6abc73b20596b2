"""Conditions of an instruction ("except in tests", "only in utils.py", "keep the old name as an alias") as rules.

Each is found by its wording, resolved to files or symbols of the graph, and then either put into a field of the
operation, or proved on the overlay once the operation is carried out there, or refused: none is passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ...errors import NothingToDo
from ...mentions import find_mentions
from ..lookup import matches
from ..plan import kinds

if TYPE_CHECKING:
    from repo_index.index import Index

Effect = Literal["except", "only", "alias", "holds"]


@dataclass(slots=True)
class Condition:
    effect: Effect
    said: str
    """The words of the instruction."""
    start: int
    end: int
    paths: list[str] = field(default_factory=list)
    """Files and folders; the globs of operations."""
    tests: bool = False
    text: bool = False
    """Comments, docstrings and documents."""
    symbols: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    """The names of the symbols as they are written."""


_KEEP = r"(?:leav(?:e|es|ing)|keep(?:s|ing)?|retain(?:s|ing)?|preserv(?:e|es|ing)|maintain(?:s|ing)?)"
#: a condition ends with its clause, or where a verb starts another one
_VERB = (
    r"(?:mov(?:e|ing)|renam(?:e|ing)|add(?:ing)?|giv(?:e|ing)|remov(?:e|ing)|drop(?:ping)?|pass(?:ing)?|mak(?:e|ing)|"
    r"updat(?:e|ing)|put|merg(?:e|ing)|fix|ensur(?:e|ing)|default(?:ing)?|set|leav(?:e|ing)|keep(?:ing)?|adjust(?:ing)?)\b"
)
_END = (
    rf"(?=[.;](?:\s|$)|$|,?\s+(?:and|then|but)\s+(?:then\s+)?{_VERB}|,\s+{_VERB}|,\s+(?:to|where|which|so)\b"
    r"|\s+(?:to|into)\s+(?:an?\b|the\b|[\w./]+\.py\b)|\s+(?:from|in)\s+[\w./]+\.py\s+(?:in)?to\b)"
)
_ANY = r"[^.;]*?(?:\.\w[^.;]*?)*?"
_EXCEPT = (
    rf"\b(?:except(?:ing)?|excluding|apart\s+from|aside\s+from|other\s+than|besides|outside(?:\s+of)?|but\s+not|(?<=everything\s)but|(?<=all\s)but|(?:and\s+|,\s*)not(?=\s+(?:in|for|the|inside|within)\b))\b"
    rf"(?:\s+(?:for|in|from|inside|within|the\s+ones?))*\s+(?P<what>{_ANY}){_END}"
)
_WITHOUT = (
    rf"\bwithout\s+(?:touching|changing|renaming|affecting|modifying|moving|editing|updating)\s+(?P<what>{_ANY}){_END}"
)
_LEAVE = (
    rf"\b{_KEEP}\s+(?P<what>[^.;]*?(?:\.\w[^.;]*?)*?)\s+(?:alone|untouched|unchanged|intact|as[\s-](?:(?:it|they|that)\s+)?"
    r"(?:is|are|now|before)|as[\s-]is|the\s+same|where\s+(?:it|they)\s+(?:is|are)|out(?:\s+of\s+(?:it|this))?)\b"
)
_EXCLUDED = r"(?:^|[.;,]\s+|\b(?:and|but|with)\s+)(?P<what>[^.;,]*?)\s+(?:excluded|exempted|not\s+included)\b"
_STAYS = (
    r"(?:^|[.;,]\s+|\b(?:and|but|while)\s+)(?P<what>[^.;,]*?)\s+(?:keeps?\s+(?:its|their)\s+names?|stays?(?:\s+(?:as\s+(?:it|they)\s+(?:is|are)|"
    r"unchanged|untouched|the\s+same|put|where\s+(?:it|they)\s+(?:is|are)))?|remains?\s+(?:unchanged|untouched|the\s+same|"
    r"as\s+(?:it|they)\s+(?:is|are)|where\s+(?:it|they)\s+(?:is|are)))(?=[.;,]|$)"
)
_DONT = (
    r"\b(?:do\s*n['o]?t|do\s+not|don.t|never|must\s+not|should\s+not|shouldn.t)\s+(?:be\s+)?(?:touch|chang|modif|edit|renam|updat|alter|mov)\w*\s+"
    rf"(?P<what>{_ANY}){_END}"
)
_ONLY = (
    rf"(?<!not\s)\b(?:only|just|solely)\s+(?:(?:rename|change|do)\s+(?:it|this)\s+)?(?:in|within|inside|for)\s+(?P<what>[^;]*?){_END}"
    rf"|\b(?:in|within|inside)\s+(?P<what2>[^.;,]*?(?:\.\w+)?)\s+only\b"
)
_ALIAS = (
    rf"\b{_KEEP}\s+(?:[^.;]*?\b(?:old|original|previous|former)\s+(?:name|one|import|path)s?\b[^.;]*|[^.;]*?\balias\w*\b[^.;]*|"
    r"[^.;]*?\b(?:importable|available|accessible|reachable|export(?:s|ed)?|re-?export(?:s|ed)?|shims?|working|works)\b[^.;]*|"
    r"[^.;]*?\b(?:backwards?|compat)\w*[^.;]*)"
    r"|\b(?:with|add|provide|plus|have)\s+[^.;]*?\b(?:alias|re-?export|shim)\w*\b[^.;]*"
    r"|\b(?:re-?export|alias)\s+(?:it|them|the)\b[^.;]*"
    r"|\bso\s+(?:that\s+)?(?:the\s+)?(?:old|existing)\b[^.;]*?\b(?:work|import)\w*[^.;]*"
    r"|\b(?:still\s+(?:be\s+)?(?:importable|available|accessible))\b[^.;]*|\bbackwards?[\s-]compat\w*[^.;]*"
)
_HOLDS = (
    rf"\b{_KEEP}\s+(?:(?:the|its|their|all|current|existing|same|overall|rest\s+of\s+the)\s+)*(?:behaviou?rs?|functionality|semantics|"
    r"logic|formatting|consistency|signatures?|tests?\s+(?:passing|green|working)|test\s+suite\s+(?:passing|green))\b[^.;,]*"
)
_WORDINGS: tuple[tuple[Effect, str], ...] = (
    ("holds", _HOLDS),
    ("alias", _ALIAS),
    ("except", _LEAVE),
    ("except", _STAYS),
    ("except", _WITHOUT),
    ("except", _DONT),
    ("except", _EXCLUDED),
    ("except", _EXCEPT),
    ("only", _ONLY),
)
#: what every change leaves as it is
_NEUTRAL = re.compile(
    r"\b(?:behaviou?rs?|functionality|semantics|logic|else|other|others|unrelated|related|passing|green|working|formatting|style|consistency|"
    r"signatures?|anything|nothing|class(?:es)?|functions?|api|apis|names?)\b",
    re.IGNORECASE,
)
_TESTS = re.compile(
    r"\b(?:unit\s+)?tests?\b(?![\w/]*\.py)|\btest\s*(?:suite|files?|cases?|modules?|code)\b|\btesting\s+code\b",
    re.IGNORECASE,
)
#: left alone unless it is asked for
_HISTORY = re.compile(r"\bchange\s?logs?\b|\brelease\s+notes\b|\bhistory\b", re.IGNORECASE)
_TEXT = re.compile(r"\b(?:comments?|doc\s?strings?|strings?|prose|text)\b", re.IGNORECASE)
_DOCS = re.compile(r"\b(?:docs?|documentation|readme|markdown)\b", re.IGNORECASE)
#: conditions that no wording above covers
_KEPT = re.compile(rf"\b{_KEEP}\s[^.;]*", re.IGNORECASE)
_UNREAD = re.compile(
    r"\b(?:unless|only\s+if|only\s+when|except\s+(?:if|when)|except|excluding|apart\s+from|aside\s+from)\b[^.;]*",
    re.IGNORECASE,
)
#: "all functions, not the classes" selects; "keep the base case false" is a default; "keep the package ..." a name
_NO_CONDITION = re.compile(
    r"\bunless\b[^.;]*\b(?:otherwise|specified|overrid\w+|given|told|set|asked)\b|\bbase\s+case\b|\bdefaults?\b|\bnot\s+(?:the\s+|any\s+)?(?:class|function|method)|\bpackage\b|\binit\b|\busages?\b|\bsuch\s+as\b",
    re.IGNORECASE,
)


def find(text: str, index: Index, aliases: bool = True) -> list[Condition]:
    """The conditions of a step's text, by place. Raises NothingToDo for one whose words name nothing there is."""
    found: list[Condition] = []
    taken: list[tuple[int, int]] = []
    for effect, wording in _WORDINGS:
        for place in re.finditer(wording, text, re.IGNORECASE):
            if any(start < place.end() and place.start() < end for start, end in taken):
                continue
            said = place.group().strip(" ,")
            groups = place.groupdict()
            what = groups.get("what") or groups.get("what2") or ""
            if effect in {"except", "only"} and _NO_CONDITION.search(said):
                continue
            condition = Condition(effect, said, place.start(), place.end())
            if effect in {"except", "only"} and not _resolve(condition, what, index):
                condition.effect = "holds"
            taken.append(place.span())
            found.append(condition)
    for place in _UNREAD.finditer(text):
        if not any(s < place.end() and place.start() < e for s, e in taken) and not _NO_CONDITION.search(place.group()):
            raise NothingToDo(
                f"the condition {place.group().strip()!r} is not understood: name files, tests or symbols"
            )
    return sorted(found, key=lambda c: c.start)


def unread(text: str, found: list[Condition]) -> str:
    """Words that ask to keep or leave something and belong to no condition that was found; "" where there are none."""
    for place in _KEPT.finditer(text):
        if any(c.start < place.end() and place.start() < c.end for c in found):
            continue
        if not _NO_CONDITION.search(place.group()) and not _NEUTRAL.search(place.group()):
            return place.group().strip()
    return ""


def _resolve(condition: Condition, what: str, index: Index) -> bool:
    """Fill in what the condition is about; False for one that always holds, such as "keep the behaviour"."""
    condition.tests = _TESTS.search(what) is not None
    condition.text = _TEXT.search(what) is not None
    if _DOCS.search(what):
        condition.paths += _folders(index, "doc")
    for mention in find_mentions(what, index):
        places = mention.of("module", "folder")
        named = mention.strength == "strong" or mention.noun in {"module", "package"} or condition.effect == "only"
        if places and named:
            condition.paths += [m.ref for m in places if m.ref not in condition.paths]
            continue
        if mention.of("symbol") and (mention.strength == "strong" or _listed(what, mention.text)):
            condition.symbols += [m.ref for m in mention.of("symbol")]
            condition.names.append(mention.text)
    if condition.paths or condition.symbols or condition.tests or condition.text:
        return True
    if condition.effect == "except" and _HISTORY.search(what):
        return False
    if not what.strip() or _NEUTRAL.search(what) or condition.effect == "only":
        return False
    raise NothingToDo(
        f"the condition {condition.said!r} names nothing that is in the repository: name files, tests or symbols"
    )


def _listed(what: str, name: str) -> bool:
    """Whether the plain word is one of a list of names and nothing else: "sys_tags and parse_tag"."""
    words = re.sub(
        r"\b(?:the|functions?|class(?:es)?|methods?|constants?|and|or|property|attribute|on|of)\b", " ", what
    )
    names = [word for word in re.split(r"[\s,`'\"]+", words) if word]
    return 0 < len(names) <= 4 and all(re.fullmatch(r"[\w.]+(?:\(\))?", name) for name in names)


def _folders(index: Index, role: str) -> list[str]:
    """Files of a role, a folder in the place of its files where it holds no source."""
    files = index.files()
    mine = [r.path for r in files if r.role == role]
    other = [r.path for r in files if r.role == "source"]
    found: list[str] = []
    for path in mine:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if not any(p.startswith(f"{folder}/") for p in other):
                path = folder
                break
        if path not in found:
            found.append(path)
    return sorted(found)


def without(text: str, conditions: list[Condition], effects: frozenset[str]) -> str:
    """The text with the words of conditions blanked out, those of `effects` excepted; places stay the same."""
    for condition in conditions:
        if condition.effect not in effects:
            blank = " " * (condition.end - condition.start)
            text = text[: condition.start] + blank + text[condition.end :]
    return text


def put_in(condition: Condition, operation: dict[str, Any], index: Index) -> dict[str, Any]:
    """The operation with the condition in its field, where there is one. What has no field is proved by `broken`.

    Raises NothingToDo when the operation and the condition contradict each other, or nothing can honour it.
    """
    fields = kinds()[operation["kind"]].model_fields
    operation = dict(operation)
    cannot = NothingToDo(
        f"{operation['kind']} cannot honour the condition {condition.said!r}: leave it out, or do it by hand"
    )
    if condition.effect == "alias":
        if "keep_alias" in fields:
            operation["keep_alias"] = True
        elif not operation.get("keep_public") or not _offered(operation["symbol"], index):
            raise cannot
        return operation
    if condition.effect == "except" and condition.symbols:
        if isinstance(listed := operation.get("symbols"), list):
            operation["symbols"] = [s for s in listed if s not in condition.symbols]
            if not operation["symbols"]:
                raise NothingToDo(f"the condition {condition.said!r} leaves nothing to do")
        elif operation.get("symbol") in condition.symbols and len(condition.symbols) == 1:
            raise NothingToDo(f"{operation['symbol']} is to be changed and is to stay: {condition.said!r}")
    if condition.text:
        if "rename_in_text" not in fields:
            raise cannot
        operation["rename_in_text"] = False
    paths = [*condition.paths, *(_folders(index, "test") if condition.tests else [])]
    if not paths:
        return operation
    calls = operation.get("call_sites")
    if calls == "all" and condition.effect == "except" and condition.tests:
        operation["call_sites"] = calls = "all_but_tests"
    if calls == "none":  # a new parameter that no call passes reaches no other file
        return operation
    if "scope" in fields:
        covered = _folders(index, "test") if calls == "all_but_tests" else []
        scope = dict(operation.get("scope") or {})
        if condition.tests and not covered:
            scope["tests"] = "except" if condition.effect == "except" else "only"
        if own := [p for p in condition.paths if not matches(p, covered)]:
            key = "except_paths" if condition.effect == "except" else "only_paths"
            scope[key] = [*scope.get(key, []), *own]
        if scope:
            operation["scope"] = scope
    elif condition.effect == "except" and "skip_paths" in fields:
        operation["skip_paths"] = [*operation.get("skip_paths", []), *paths]
    return operation


def _offered(symbol: str, index: Index) -> bool:
    """Whether a package's `__init__` re-exports the symbol."""
    found = index.symbol(symbol)
    return any(
        r.path.rpartition("/")[2] == "__init__.py" and r.path != found.path and r.kind != "text"
        for r in index.references(found)
    )


def broken(condition: Condition, changed: list[str], new: list[str], index: Index) -> str:
    """What the change does against the condition; "" where it holds. `new`: files that the change creates."""
    paths = [*condition.paths, *(_folders(index, "test") if condition.tests else [])]
    if condition.effect in {"alias", "holds"} or not paths:
        return ""
    if condition.effect == "except":
        wrong = [p for p in changed if matches(p, paths)]
    else:
        wrong = [p for p in changed if p not in new and not matches(p, paths)]
    if not wrong:
        return ""
    more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
    return f"the condition {condition.said!r} cannot be kept: the change needs {', '.join(wrong[:5])}{more}"
