"""What the wording of an instruction settles by itself. Each function gives a value, or None where it is open.

These are readings of common English phrasings, not guesses: where a phrasing is not covered, the caller asks
the model (questions.py), under a grammar of the values that the operation admits.
"""

from __future__ import annotations

import re
from typing import Literal

from ...mentions import PLAIN

CallSites = Literal["none", "all", "all_but_tests", "only_tests"]

LITERAL = r"True|False|None|-?\d+(?:\.\d+)?|\"[^\"\n]*\"|'[^'\n]*'"
_LITERAL_ANY_CASE = rf"{LITERAL}|true|false|none|null"
_TESTS = r"(?:the\s+)?(?:ones?\s+in\s+|calls?\s+in\s+|those\s+in\s+)?(?:the\s+)?(?:unit\s+)?tests?\b"


def normal_literal(text: str) -> str:
    """`false` -> `False`, `null` -> `None`; other literals as they are."""
    return {"true": "True", "false": "False", "none": "None", "null": "None"}.get(text.lower(), text)


def call_sites(instruction: str) -> CallSites | None:
    """Which calls are to pass the new argument; None when the wording leaves it open."""
    text = " ".join(instruction.lower().split())
    if re.search(
        rf"\b(?:except|excluding|besides|but not|other than|apart from|aside from|outside(?: of)?)\b[^.;]*?\b{_TESTS}",
        text,
    ):
        return "all_but_tests"
    if re.search(rf"\b(?:not|don't|do not|never)\b[^.;]{{0,40}}\b(?:in|for)\s+{_TESTS}", text):
        return "all_but_tests"
    if re.search(rf"\b(?:only|just)\b[^.;]{{0,40}}\b{_TESTS}", text):
        return "only_tests"
    if re.search(r"\b(?:in|for)\s+(?:all\s+)?(?:the\s+)?tests?(?:'s)?\s+(?:calls?|usages?|uses|invocations?)\b", text):
        return "only_tests"
    everywhere = re.search(
        r"\b(?:all|every|each)\b[^.;]{0,20}\b(?:calls?|usages?|uses|callers?|invocations?|places|instances|occurrences?)\b"
        r"|\b(?:everywhere|throughout|across)\b",
        text,
    )
    # "all calls in test_basic.py" and "all calls, tests included" differ by more than a pattern can tell
    if everywhere and not re.search(r"\btests?\b|\btest_", text):
        return "all"
    return None


def default_value(instruction: str, parameter: str) -> str | None:
    """The default of the new parameter: "keep the base case false", "default 3", "defaulting to None"."""
    name = re.escape(parameter)
    of_it = rf"(?:\s+(?:of|for)\s+(?:the\s+)?[`'\"]?{name}[`'\"]?(?:\s+(?:parameter|argument|flag))?)?"
    filler = r"(?:\s+(?:value|case|it|of|to|as|is|be|being|set|should|a|the))*"
    for pattern in (
        rf"\b(?:default(?:s|ing|ed)?|base)(?:\s+(?:value|case))?{of_it}{filler}\s*[=:]?\s*`?({_LITERAL_ANY_CASE})(?!\w|\.\w)",
        rf"\b({_LITERAL_ANY_CASE})[`'\"]?\s+(?:as|by|and|is|for)\s+(?:the\s+|its\s+|a\s+)?(?:default|base)\b",
    ):
        for found in re.finditer(pattern, instruction, re.IGNORECASE):
            if found[1].strip("'\"") != parameter:
                return normal_literal(found[1])
    said = rf"(?<!\w){name}[`'\"]?\s+(?:that|which)\s+(?:is|stays)\s+`?({_LITERAL_ANY_CASE})(?!\w|\.\w)"
    if clause := re.search(said, instruction):
        return normal_literal(clause[1])
    # "a flag strict=False": the first time that the parameter is named, with its default
    typed = r"(?:\s*:\s*[\w.\[\] |]+?)?"
    first = re.search(rf"(?<!\w){name}(?!\w)(?:{typed}\s*=\s*({_LITERAL_ANY_CASE})(?!\w|\.\w))?", instruction)
    return normal_literal(first[1]) if first is not None and first[1] else None


def argument_value(instruction: str, parameter: str, default: str | None) -> str | None:
    """The value that call sites pass: what the text sets the parameter to, other than its default."""
    name = re.escape(parameter)
    given = (
        rf"\b{name}\s*=\s*({_LITERAL_ANY_CASE})(?!\w|\.\w)",
        rf"\b{name}\b[`'\"]?\s*(?:parameter|argument|flag)?\s*(?:(?:is|be|being|should be|must be)\s+)?"
        rf"(?:explicitly\s+)?(?:set|passed|given)?\s*(?:with\s+(?:the\s+|a\s+)?value(?:\s+of)?|to|as|be|with)\s+`?({_LITERAL_ANY_CASE})(?!\w|\.\w)",
    )
    said = rf"{name}\s*=\s*({_LITERAL_ANY_CASE})(?!\w|\.\w)"
    calls = r"\b(?:calls?|callers?|usages?|uses)\b"
    explicit = rf"\b(?:pass|hand|giv|us|set)\w*\b[^.;]{{0,30}}?\b{said}[^.;]*{calls}"
    if found := re.search(explicit, instruction, re.IGNORECASE):
        return normal_literal(found[1])
    passed = rf"\bpass(?:es|ing)?\s+`?({_LITERAL_ANY_CASE})`?\s+(?:in|at|from|for|everywhere)\b"
    for pattern in (*given, passed):
        values = [normal_literal(v) for v in re.findall(pattern, instruction, re.IGNORECASE)]
        if other := [v for v in values if v != default]:
            return other[0]
    return None


_PARAMETER_NOUN = r"(?:parameters?|params?|arguments?|args?|flags?|kwargs?|keywords?|options?|switch)"
_PARAMETER_ADJECTIVES = frozenset(
    """
    a additional an another bool boolean default extra float function input int integer its keyword keyword-only
    more named new of one only optional positional str string that the this with required mandatory second third
    first last further missing single simple proper same
    """.split()
)


def parameter_names(instruction: str) -> list[str]:
    """Names that the wording gives to a new parameter, in order, each once."""
    names: list[str] = []
    quoted = r"[`'\"]?([A-Za-z_]\w*)[`'\"]?"
    for pattern in (
        rf"\b{_PARAMETER_NOUN}\s+(?:named|called)\s+{quoted}",
        rf"\b(?:an?|the|new|optional|boolean|bool|additional|extra)\s+{quoted}\s+(?:(?:boolean|bool|optional|keyword|int|integer|string|float)\s+)*{_PARAMETER_NOUN}\b",
        rf"{quoted}\s*(?::\s*\w+\s*)?=\s*(?:{_LITERAL_ANY_CASE})",
        rf"\b{_PARAMETER_NOUN}\s*,\s*([a-z_]\w*)\s*,",
        r"\boptional\s+[`'\"]?([a-z_]\w*)[`'\"]?\s*(?:\(|,|\bto\b|\bwith\b|\bdefault)",
        rf"\b{_PARAMETER_NOUN}\s*,?\s+[`'\"]([A-Za-z_]\w*)[`'\"]",
        rf"[`'\"]([A-Za-z_]\w*)[`'\"]\s+{_PARAMETER_NOUN}\b",
        rf"\b{_PARAMETER_NOUN}\s+([a-z_]\w*)(?=\s*[,;(]|\s+(?:to|in|on|for|with|that|which|default\w*)\b|\.?$)",
    ):
        for found in re.finditer(pattern, instruction, re.IGNORECASE):
            name = found[1]
            if name.lower() not in _PARAMETER_ADJECTIVES and name not in names:
                names.append(name)
    return names


def annotation(instruction: str, parameter: str) -> str | None:
    """The type that the wording gives to the parameter: "currency: str = 'EUR'"."""
    found = re.search(rf"(?<!\w){re.escape(parameter)}\s*:\s*([A-Za-z_][\w.\[\], |]*?)\s*=", instruction)
    return found[1] if found else None


def modules_to_import(instruction: str) -> list[str]:
    """Modules that the instruction asks to import: "Import logging and ..."."""
    found = re.findall(
        r"\bimport(?:ing)?\s+(?:the\s+)?[`'\"]?([a-z_][\w.]*)[`'\"]?\s*(?:module|library|,|and\b|\.|$)"
        r"|\bimport\s+statement\s+for\s+(?:the\s+)?[`'\"]?([a-z_][\w.]*)",
        instruction,
        re.IGNORECASE,
    )
    names = [a or b for a, b in found]
    return [n for n in dict.fromkeys(names) if n not in {"and", "the", "statements", "statement", "it"}]


def keeps_public_name(instruction: str, old: str) -> bool | None:
    """Whether the old name stays available from the package: True, False, or None where a keep-word leaves it open."""
    text = " ".join(instruction.split())
    keep = r"(?:keep|keeps|kept|keeping|maintain|preserve|retain|leave|still|remain|remains|stays?)"
    if not re.search(rf"\b{keep}\b", text, re.IGNORECASE):
        return False
    if re.search(rf"\b{keep}\b[^.;]{{0,80}}\b{re.escape(old)}\b", text, re.IGNORECASE):
        return True
    return None


def case_style(instruction: str) -> Literal["camel", "pascal", "snake", "upper"] | None:
    """A naming style asked for instead of a name: "to camel case"."""
    found = re.search(r"\b(?:to|in|into|as)\s+(camel|pascal|snake|upper)[\s_-]?case\b", instruction, re.IGNORECASE)
    return found[1].lower() if found else None  # type: ignore[return-value]


def in_style(name: str, style: str) -> str:
    """The name in another style: get_new_ioloop -> getNewIoloop (camel)."""
    words = [w for w in re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name.strip("_")) if w]
    lead = name[: len(name) - len(name.lstrip("_"))]
    lower = [w.lower() for w in words]
    if style == "snake":
        return lead + "_".join(lower)
    if style == "upper":
        return lead + "_".join(lower).upper()
    joined = "".join(w.title() for w in lower)
    return lead + (joined[:1].lower() + joined[1:] if style == "camel" else joined)


Selection = Literal["named", "functions", "classes", "constants", "everything", "with_subclasses", "matching"]


def selection(instruction: str) -> Selection | None:
    """Which definitions of the source a move takes, when none is named one by one."""
    text = " ".join(instruction.lower().split())
    if re.search(
        r"\b(?:and|with|along with)\s+(?:all\s+)?(?:of\s+)?(?:its|his|their|the)?\s*"
        r"(?:child|sub|derived)[\s-]?class(?:es)?\b",
        text,
    ):
        return "with_subclasses"
    if re.search(r"\b(?:move|put|merge)\s+(?:all\s+(?:that|of\s+the|the)?\s*)?(?:everything|contents?|code)\b", text):
        return "everything"
    if re.search(r"\bfunctions?\b[^.;]{0,30}\bnot\s+(?:the\s+)?class", text):
        return "functions"
    if re.search(r"\bclass(?:es)?\b[^.;]{0,30}\bnot\s+(?:the\s+)?function", text):
        return "classes"
    if re.search(r"\b(?:all|every|each)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+)?functions?\b", text):
        return "functions"
    if re.search(r"\b(?:all|every|each)\s+(?:of\s+)?(?:the\s+)?(?:constants?|variables?)\b", text):
        return "constants"
    if re.search(r"\b(?:all|every|each)\s+(?:of\s+)?(?:the\s+)?(?:\w+\s+)?class(?:es)?\b", text):
        return "classes"
    return None


INTO_OBJECT = re.compile(r"\b(?:into|in)\s+(?:an?\s+|one\s+)?[`'\"]?([A-Z]\w*[a-z]\w*)[`'\"]?(?=\s*[.,;]|\s*$)")


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
            lower = name.lower()
            noun = lower in {"class", "dataclass", "method", "function"}
            if not noun and name not in PLAIN and lower not in {"for", "of", "that", "which"}:
                return name
    into = INTO_OBJECT.search(instruction)
    return into[1] if into is not None else None
