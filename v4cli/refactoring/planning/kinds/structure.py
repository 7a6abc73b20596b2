"""Reading instructions that change what a function is: a method, part of a class, one of two, a taker of an object."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ....errors import NothingToDo
from ....mentions import PLAIN, Mention
from ...plan import Match as Matched
from .. import cues
from ..candidates import beside, parameters_of, settle
from ..questions import Asker
from . import Kind

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

Found = tuple[list[dict[str, Any]], list[Matched]]

_GATHERS = (
    r"\b(?:wrap|gather|group|bundle|collect|combin|pack|encapsulat|introduc|put|turn|mov|extract|replac|creat|mak|"
    r"add|implement|defin|build|refactor|convert|organi[sz]|plac|relocat|transform|chang|fold|attach|becom|belong)\w*\b"
    r"|\bshould\s+be\b"
)
_DATACLASS = re.compile(
    r"\b(?:data\s?class|(?:parameter|params|config|configuration|options|argument|settings|value)s?[\s-]+"
    r"(?:object|class|struct))\b"
    r"|\b(?:in|into|with|by|as)\s+(?:an?|one|a\s+single)\s+(?:new\s+|single\s+)?(?-i:[`'\"]?[A-Z]\w*[`'\"]?)\s+object\b",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r"\b(?:parameters|arguments|params|args|kwargs|options|settings)\b", re.IGNORECASE)
_NEW_CLASS = re.compile(
    r"\b(?:new|create|make|add|introduce|define|implement|build|have)\b[^.;]{0,40}?\bclass\b", re.IGNORECASE
)
_INTO_CLASS = re.compile(
    r"\b(?:in|into|inside|under|within|as|to|onto|with)\s+(?:(?:an?|the|one|its|single|common|new|static|helper|utility|"
    r"existing)\s+)*(?:[`'\"]?\w+[`'\"]?\s+)?class\b",
    re.IGNORECASE,
)
_AS_METHOD = re.compile(
    r"\b(?:as|into|to|in|be|become|becomes)\s+(?:(?:an?|the|static|class|instance|regular|new|proper)\s+)*methods?\b"
    r"|\bstatic\s+methods?\b|\b(?:an?|the)\s+methods?\s+(?:of|on|for|in)\b",
    re.IGNORECASE,
)
_ONE_FUNCTION = re.compile(
    r"\b(?:one|single|singular|common|unified|joint|combined)\s+(?:\w+\s+)?function\b"
    r"|\b(?:into|to|by|with|as)\s+(?:an?\s+|one\s+|the\s+)?(?:new\s+)?function\b",
    re.IGNORECASE,
)
_JOINS = re.compile(
    r"\b(?:merg|combin|convert|unif|unit|fold|join|consolidat|replac|collaps|refactor|turn|mak)\w*\b|\binstead\s+of\b",
    re.IGNORECASE,
)
#: "the functions in a.py", with no word that would narrow them down
_THE_FUNCTIONS = re.compile(
    r"\b(?:the|its|all)\s+(?:(?:module|top)[\s-]level\s+|stand[\s-]?alone\s+|free\s+|stray\s+)?functions\s+"
    r"(?:in|of|from|inside|that\s+\w+\s+holds|defined\s+in)\b",
    re.IGNORECASE,
)


def settled_kind(instruction: str, mentions: list[Mention], index: Index) -> str | None:
    """The kind that the wording asks for outright, None where it says nothing of the sort."""
    functions = _functions(mentions)
    able = [m for m in mentions if any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))]
    acts = re.search(_GATHERS, instruction, re.IGNORECASE) is not None
    if (
        acts
        and able
        and _DATACLASS.search(instruction)
        and (_PARAMETERS.search(instruction) or _lists_parameters(instruction, able, index))
    ):
        return "parameter-object"
    if len(functions) == 2 and _JOINS.search(instruction) and _ONE_FUNCTION.search(instruction):
        return "merge-functions"
    if not acts:
        return None
    classes = [m for m in mentions if any(x.kind == "class" for x in m.of("symbol"))]
    name = class_name(instruction)
    existing = [m for m in classes if name is None or m.text.rpartition(".")[2] == name]
    if functions and existing and (_AS_METHOD.search(instruction) or _is_goal(instruction, existing)):
        return "to-method"
    known = {m.text.rpartition(".")[2] for m in classes}
    if name is None or name in known:
        return None
    grouped = any(p.search(instruction) for p in (_NEW_CLASS, _INTO_CLASS, _AS_METHOD))
    every = cues.selection(instruction) == "functions" or _THE_FUNCTIONS.search(instruction)
    whole = every and any(m.of("module") for m in mentions)
    if grouped and (functions or whole):
        return "gather"
    return None


def _lists_parameters(instruction: str, able: list[Mention], index: Index) -> bool:
    """Whether two parameters or more of one of the mentions are named."""
    symbols = [index.symbol(m.ref) for mention in able for m in mention.of("symbol")]
    return any(sum(_named(p, instruction) for p in parameters_of(s, index)) > 1 for s in symbols)


def _functions(mentions: list[Mention]) -> list[Mention]:
    """Mentions of functions at module level that are spelt as code, each name once."""
    found: dict[str, Mention] = {}
    for mention in mentions:
        if mention.strength != "strong" or mention.is_file:
            continue
        if any(m.kind == "function" and "." not in m.ref.partition("::")[2] for m in mention.exact):
            found.setdefault(mention.text.rpartition(".")[2], mention)
    return list(found.values())


def _is_goal(instruction: str, classes: list[Mention]) -> bool:
    """Whether the sentence puts something into one of the classes: "to the `Parser` class"."""
    lead = re.compile(
        r"\b(?:to|into|onto|inside|in|under|within)\s+(?:(?:the|an?|existing|our|its)\s+)*(?:class\s+)?[`'\"]*$",
        re.IGNORECASE,
    )
    part = re.compile(r"\bpart\s+of\s+(?:(?:the|class)\s+)*[`'\"]*$", re.IGNORECASE)
    return any(part.search(instruction[: m.start]) for m in classes) or any(
        lead.search(instruction[: m.start])
        and (m.noun == "class" or re.match(r"[`'\"]*\s+class\b", instruction[m.end :]))
        for m in classes
    )


def class_name(instruction: str) -> str | None:
    """The name that the wording gives to a class: "a class called Tools", "the Tools class"."""
    for pattern in (
        r"(?i:\b(?:data\s?class|class|object)\s+(?:that\s+is\s+)?(?:named|called)\s+)[`'\"]?([A-Za-z_]\w*)",
        r"(?i:\b(?:named|called)\s+)[`'\"]?([A-Z]\w*)",
        r"(?i:\b(?:data\s?class|class|object)\s*:?\s+)[`'\"]?((?:\w+\.)*[A-Z]\w*)",
        r"[`'\"]?\b([A-Z]\w*[a-z]\w*)[`'\"]?\s+(?i:data\s?class|class|object)\b",
    ):
        for found in re.finditer(pattern, instruction):
            name = found[1].rpartition(".")[2]
            if name.lower() not in PLAIN and name.lower() not in {"for", "of", "that", "which"}:
                return name
    return None


def _settled(
    wanted: list[Mention], kinds: set[str], mentions: list[Mention], index: Index, matched: list[Matched]
) -> list[Symbol]:
    found = []
    for mention in wanted:
        matches = [m for m in mention.of("symbol") if m.kind in kinds]
        match, evidence = settle(mention, matches, [m for m in mentions if m is not mention], index, "symbols")
        matched.append(Matched(mention.text, match.ref, evidence))
        found.append(index.symbol(match.ref))
    return found


def read_gather(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One gather_functions operation. Raises NothingToDo saying what is missing."""
    name = class_name(instruction)
    if name is None:
        raise NothingToDo("what is the class called? Say, for example: a class called PathTools")
    matched: list[Matched] = []
    functions = _functions(mentions)
    if functions:
        symbols = _settled(functions, {"function"}, mentions, index, matched)
    else:
        symbols = _all_functions(mentions, index, matched)
    ordered = sorted({s.id: s for s in symbols}.values(), key=lambda s: (s.path, s.line))
    matched.append(Matched(name, f"{ordered[0].path}::{name}", "a new class"))
    return [{"kind": "gather_functions", "symbols": [s.id for s in ordered], "class_name": name}], matched


def _all_functions(mentions: list[Mention], index: Index, matched: list[Matched]) -> list[Symbol]:
    modules = sorted((m for m in mentions if m.of("module")), key=lambda m: (m.strength == "weak", m.start))
    match, evidence = settle(modules[0], modules[0].of("module"), mentions[1:], index, "files")
    matched.append(Matched(modules[0].text, match.ref, evidence))
    found = [s for s in index.symbols(match.ref) if s.kind == "function" and "." not in s.qualified]
    if not found:
        raise NothingToDo(f"{match.ref} has no functions at module level")
    return found


def read_method(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """function_to_method operations; several functions of the class's own module are gathered into it."""
    matched: list[Matched] = []
    named = class_name(instruction)
    classes = [m for m in mentions if any(x.kind == "class" for x in m.of("symbol"))]
    classes.sort(key=lambda m: (m.text.rpartition(".")[2] != named, m.strength == "weak", m.noun != "class", -m.start))
    functions = _settled(_functions(mentions), {"function"}, mentions, index, matched)
    (owner,) = _settled(classes[:1], {"class"}, mentions, index, matched)
    static = re.search(r"\bstatic\s+methods?\b", instruction, re.IGNORECASE) is not None
    if len(functions) > 1 and all(f.path == owner.path for f in functions) and static:
        ids = [f.id for f in sorted(functions, key=lambda f: f.line)]
        return [{"kind": "gather_functions", "symbols": ids, "class_name": owner.name}], matched
    operations: list[dict[str, Any]] = []
    for function in functions:
        operation: dict[str, Any] = {
            "kind": "function_to_method",
            "symbol": function.id,
            "class_symbol": owner.id,
        }
        if static:
            operation["static"] = True
        operations.append(operation)
    return operations, matched


def read_parameter_object(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One introduce_parameter_object operation. Raises NothingToDo saying what is missing."""
    name = class_name(instruction)
    if name is None:
        raise NothingToDo("what is the class of the parameters called? Say, for example: a dataclass named FetchConfig")
    matched: list[Matched] = []
    able = [
        m
        for m in mentions
        if m.text.rpartition(".")[2] != name and any(x.kind in {"function", "method", "class"} for x in m.of("symbol"))
    ]
    able.sort(
        key=lambda m: (m.strength == "weak", not any(x.kind in {"function", "method"} for x in m.of("symbol")), m.start)
    )
    if not able:
        raise NothingToDo("whose parameters? Name a function or method that is in the repository.")
    kinds = {x.kind for x in able[0].of("symbol")} & {"function", "method"} or {"class"}
    others = [m for m in mentions if m.text != name]
    (symbol,) = _settled(able[:1], kinds, others, index, matched)
    operation: dict[str, Any] = {"kind": "introduce_parameter_object", "symbol": symbol.id, "class_name": name}
    if (target := _object_file(instruction, mentions, name)) is not None:
        operation["target"] = beside(target, symbol.path, index)
    chosen = [p for p in parameters_of(symbol, index) if _named(p, instruction)]
    if len(chosen) > 1:
        operation["parameters"] = chosen
    if re.search(r"\b(?:frozen|immutable)\b", instruction, re.IGNORECASE):
        operation["frozen"] = True
    matched.append(Matched(name, operation.get("target", symbol.path), "a new dataclass"))
    return [operation], matched


def _named(parameter: str, instruction: str) -> bool:
    """Whether the instruction names the parameter: in quotes, or as a word that is not plain English."""
    word = re.escape(parameter)
    if re.search(rf"[`'\"]{word}[`'\"]", instruction):
        return True
    return parameter.lower() not in PLAIN and re.search(rf"(?<![\w./]){word}(?![\w(]|\.\w)", instruction) is not None


def _object_file(instruction: str, mentions: list[Mention], name: str) -> str | None:
    """The file that the class goes to: a new one, or one that the words behind the class's name say."""
    at = instruction.find(name)
    files = [m for m in mentions if m.is_file]
    new = [m for m in files if not m.exact]
    behind = sorted((m for m in new if m.start > at), key=lambda m: m.start)
    if behind or new:
        return (behind or new)[0].text
    for mention in files:
        lead = instruction[at + len(name) : mention.start] if mention.start > at else "."
        if re.fullmatch(r"[`'\"]?\s+(?:\w+\s+){0,3}?(?:in|into|inside|to)\s+(?:\w+\s+){0,4}[`'\"]?", lead):
            return mention.exact[0].ref
    return None


def read_merge_functions(instruction: str, mentions: list[Mention], index: Index, asker: Asker) -> Found:
    """One merge_functions operation. Raises NothingToDo saying what is missing."""
    matched: list[Matched] = []
    pair = _functions(mentions)
    old = [m.text.rpartition(".")[2] for m in pair]
    name, arguments = _new_function(instruction, old)
    flag, default = _flag(instruction, arguments, [*old, name])
    one, two = _settled(pair, {"function"}, mentions, index, matched)
    true_is_first = _when_true(instruction, flag, old)
    first, second = (one, two) if true_is_first else (two, one)
    matched.append(Matched(flag, first.id, f"what {name} does when {flag} is true"))
    operation: dict[str, Any] = {
        "kind": "merge_functions",
        "first": first.id,
        "second": second.id,
        "new_name": name,
        "flag": flag,
    }
    if default is not None:
        operation["default"] = default
    return [operation], matched


def _new_function(instruction: str, old: list[str]) -> tuple[str, str]:
    """The name of the one function and, where the instruction shows its signature, what stands in parentheses."""
    for pattern in (
        r"\bfunctions?\s+(?:(?:that\s+is\s+)?(?:named|called)\s+)?[`'\"]?([A-Za-z_]\w*)[`'\"]?(?:\(([^)]*)\))?",
        r"\b(?:into|to|named|called|by|as)\s+(?:an?\s+|one\s+|single\s+)*[`'\"]?([A-Za-z_]\w*)[`'\"]?\(([^)]*)\)",
        r"\b(?:named|called|into)\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?()",
    ):
        for found in re.finditer(pattern, instruction, re.IGNORECASE):
            if found[1] not in old and found[1].lower() not in PLAIN | {"should", "must", "which"}:
                return found[1], found[2] or ""
    raise NothingToDo("what is the one function called? Say, for example: into one function called load")


def _flag(instruction: str, arguments: str, taken: list[str]) -> tuple[str, bool | None]:
    """The parameter that tells the two apart, and its default."""
    shown = re.findall(r"([A-Za-z_]\w*)\s*(?::\s*bool\s*)?=\s*(True|False|true|false)\b", arguments)
    if shown:
        return shown[-1][0], shown[-1][1].lower() == "true"
    names = [n for n in cues.parameter_names(instruction) if n not in taken]
    if not names:
        names = re.findall(
            r"\b(?:if|when|with|for)\s+[`'\"]?([A-Za-z_]\w*)[`'\"]?\s*(?:is\s+|==?\s*)(?:set\s+to\s+)?(?:true|false)\b",
            instruction,
            re.IGNORECASE,
        )
    names = [n for n in names if n.lower() not in PLAIN]
    if not names:
        raise NothingToDo("how does the one function tell what to do? Name a flag, as in: load(path, binary=False)")
    default = cues.default_value(instruction, names[0])
    return names[0], None if default not in {"True", "False"} else default == "True"


def _when_true(instruction: str, flag: str, old: list[str]) -> bool:
    """Whether the first of the two is what happens when the flag is true."""
    clause = re.compile(
        rf"\b(?:if|when|with|for)\s+(?:(?:it|that|this)\s+|(?:the\s+)?(?:flag\s+)?[`'\"]?{re.escape(flag)}[`'\"]?\s*)?"
        r"(?:is\s+|==?\s*)?(?:set\s+to\s+)?[`'\"]?(?P<value>true|false)\b",
        re.IGNORECASE,
    )
    clauses = list(clause.finditer(instruction))
    for number, found in enumerate(clauses):
        says = found["value"].lower() == "true"
        stop = clauses[number + 1].start() if number + 1 < len(clauses) else len(instruction)
        behind = _first_of(instruction[found.end() : stop], old)
        start = clauses[number - 1].end() if number else 0
        before = _last_of(instruction[start : found.start()], old)
        # "if x is true, it does a" before "a if x is true", where the sentence goes on behind the clause
        named = behind if re.match(r"[`'\"]?\s*(?:,|it\b|then\b|the\b)", instruction[found.end() :]) else None
        named = named if named is not None else before if before is not None else behind
        if named is not None:
            return (named == old[0]) == says
    raise NothingToDo(f"which of {old[0]} and {old[1]} is meant when {flag} is true? Say: if {flag} is true, ...")


def _first_of(text: str, names: list[str]) -> str | None:
    places = {n: m.start() for n in names if (m := re.search(rf"(?<!\w){re.escape(n)}(?!\w)", text))}
    return min(places, key=lambda n: places[n]) if places else None


def _last_of(text: str, names: list[str]) -> str | None:
    places = {n: m[-1].start() for n in names if (m := list(re.finditer(rf"(?<!\w){re.escape(n)}(?!\w)", text)))}
    return max(places, key=lambda n: places[n]) if places else None


def _asks(name: str) -> Callable[[str, list[Mention], Index], bool]:
    return lambda instruction, mentions, index: settled_kind(instruction, mentions, index) == name


def _new_class(instruction: str, mentions: list[Mention], index: Index) -> bool:
    name = class_name(instruction)
    return name is not None and not index.find(name) and settled_kind(instruction, mentions, index) == "gather"


def _into_class(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return bool(_functions(mentions)) and any(
        m.strength == "strong" and any(x.kind == "class" for x in m.of("symbol")) for m in mentions
    )


def _pair(instruction: str, mentions: list[Mention], index: Index) -> bool:
    return len(_functions(mentions)) == 2


def _takes_object(instruction: str, mentions: list[Mention], index: Index) -> bool:
    able = any(x.kind in {"function", "method", "class"} for m in mentions for x in m.of("symbol"))
    return able and class_name(instruction) is not None and settled_kind(instruction, mentions, index) is not None


KINDS = (
    Kind(
        name="gather",
        operation="gather_functions",
        line="put existing functions into a new class",
        examples=("Create a class MathHelpers holding add, sub and mul.",),
        feasible=_new_class,
        asks=_asks("gather"),
        read=read_gather,
        cue=re.compile(rf"(?:{_GATHERS})[^.;]*?(?:{_INTO_CLASS.pattern}|{_NEW_CLASS.pattern})", re.IGNORECASE),
        over=frozenset({"move"}),
    ),
    Kind(
        name="to-method",
        operation="function_to_method",
        line="make an existing function a method of an existing class",
        examples=("Turn the function area into a method of class Shape.",),
        feasible=_into_class,
        asks=_asks("to-method"),
        read=read_method,
        cue=_AS_METHOD,
        over=frozenset({"move", "gather", "merge-files"}),
    ),
    Kind(
        name="merge-functions",
        operation="merge_functions",
        line="make two existing functions one function",
        examples=("Combine load_json and load_yaml into one function load(kind).",),
        feasible=_pair,
        asks=_asks("merge-functions"),
        read=read_merge_functions,
        cue=re.compile(rf"(?:{_JOINS.pattern})[^.;]*?(?:{_ONE_FUNCTION.pattern})", re.IGNORECASE),
        over=frozenset({"move", "add-parameter", "merge-files"}),
    ),
    Kind(
        name="parameter-object",
        operation="introduce_parameter_object",
        line="gather the parameters of an existing function in a new dataclass",
        examples=("Wrap the arguments of draw in a dataclass DrawOptions.",),
        feasible=_takes_object,
        asks=_asks("parameter-object"),
        read=read_parameter_object,
        cue=_DATACLASS,
        over=frozenset({"gather", "to-method", "add-parameter", "move"}),
    ),
)
