"""Which words of an instruction name something in the graph, and what they could name.

A mention is strong when it is spelt as code (quoted, dotted, a path, snake_case, camelCase, a call) and weak
when it is a plain word that happens to be a name. Weak mentions only say where something is; a strong mention
that matches nothing is a new name. Typing errors are bridged by edit distance, and the plan shows what was
taken for what.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

#: similarity (difflib ratio) from which a misspelt name is taken for an existing one
NEAR = 0.84

EXTENSIONS = (
    r"(?:py|pyi|jsx?|mjs|cjs|tsx?|mts|cts|go|rs|java|kts?|scala|sc|cs|c|h|cc|cpp|cxx|hh|hpp|hxx|rb|php|swift|sh|bash)"
)
_QUOTED = r"`[^`\n]+`|'[A-Za-z_][\w./()=, ]*'|\"[A-Za-z_][\w./()=, ]*\""
_PATH = rf"[\w.-]*(?:/[\w.-]+)+(?:\.{EXTENSIONS})?/?|\w[\w.-]*/(?!\w)|\w[\w-]*\.{EXTENSIONS}\b"
_DOTTED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+"
_WORD = r"[A-Za-z_]\w*"
_TOKEN = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<path>{_PATH})|(?P<dotted>{_DOTTED})|(?P<word>{_WORD})")

#: English and the vocabulary of instructions: never the name of something by itself
PLAIN = frozenset(
    """
    a about accordingly across add added adding additional all alongside also an and any are argument arguments
    as at base based be because become behaves behavior boolean both but by call called calls camel can case
    change changed changes child class classes code codebase convert core could create created default define
    defined definition definitions delete dependencies do does each entire every everything except existing
    explicitly false field file files following for from function functions global helper if import imported
    importing imports in include initial inside instance instances instead into is it its just keep keeps kept
    keyword leave left like main make makes merge method methods module modules more move name named naming
    necessary new newly none not now of on one only optional or other others out outside overall own package
    parameter parameters pass passed passing place please private project public put refactor reference
    references related remain remaining remove rename renamed repo repository respective return same script
    separate set should singular so source specific stay stays still stray such sure take test tests that the
    their them then there these this those through throughout to true type unchanged under update updated
    updates usage usages use used user uses using value values variable via what when where which whole will
    with within without would wrap you your
    """.split()
)

Strength = Literal["strong", "weak"]
Target = Literal["symbol", "module", "folder"]


@dataclass(frozen=True, slots=True)
class Match:
    """Something in the graph that a mention could mean. `ref` is a symbol id, or the path of a file or folder."""

    target: Target
    ref: str
    kind: str
    score: float
    """1.0 for the exact name, less for a near one."""


@dataclass(slots=True)
class Mention:
    text: str
    """The name as written, without quotes and call parentheses."""
    start: int
    end: int
    strength: Strength
    noun: str = ""
    """The kind noun beside it: function, class, method, file, module, parameter ... or ""."""
    matches: list[Match] = field(default_factory=list)

    @property
    def is_file(self) -> bool:
        return bool(re.search(rf"\.{EXTENSIONS}$", self.text))

    def of(self, *targets: Target) -> list[Match]:
        return [m for m in self.matches if m.target in targets]

    @property
    def exact(self) -> list[Match]:
        return [m for m in self.matches if m.score >= 1.0]


_NOUNS = {
    "function": "function",
    "functions": "function",
    "func": "function",
    "helper": "function",
    "method": "method",
    "methods": "method",
    "class": "class",
    "classes": "class",
    "dataclass": "class",
    "exception": "class",
    "constant": "constant",
    "variable": "variable",
    "attribute": "attribute",
    "file": "module",
    "files": "module",
    "module": "module",
    "modules": "module",
    "script": "module",
    "package": "package",
    "folder": "package",
    "directory": "package",
    "parameter": "parameter",
    "parameters": "parameter",
    "param": "parameter",
    "argument": "parameter",
    "flag": "parameter",
    "keyword": "parameter",
    "option": "parameter",
}


def find_mentions(instruction: str, index: Index) -> list[Mention]:
    """The mentions of an instruction in the order of the text, each with what it could mean in the index."""
    names = _Names(index)
    mentions = list(_spelt(instruction, names))
    mentions += _phrases(instruction, names, mentions)
    mentions.sort(key=lambda m: (m.start, -m.end))
    for mention in mentions:
        mention.noun = mention.noun or _noun_beside(instruction, mention)
        mention.matches = mention.matches or names.match(mention)
    _strengthen(instruction, mentions)
    return [m for m in mentions if m.strength == "strong" or m.matches]


def _clean(text: str) -> str:
    text = text.strip("`'\"").strip()
    text = re.sub(r"\(.*\)?$", "", text)  # foo(), foo(a, b=1)
    return text.strip().rstrip(".,:;")


def _spelt_as_code(text: str) -> bool:
    inner_capital = re.search(r"[a-z0-9][A-Z]|[A-Z]{2,}[a-z]", text)
    return "_" in text.strip("_") or text.startswith("_") or bool(inner_capital)


def _spelt(instruction: str, names: _Names) -> Iterable[Mention]:
    for found in _TOKEN.finditer(instruction):
        raw = found.group()
        text = _clean(raw)
        if not text:
            continue
        called = instruction[found.end() : found.end() + 1] == "("
        strong = (
            bool(found["quoted"] or found["path"])
            or called
            or _spelt_as_code(text)
            or (bool(found["dotted"]) and _is_dotted_name(text))
        )
        if found["quoted"] and not re.fullmatch(r"[\w./-]+", text):
            continue
        if text.lower() in {"true", "false", "none"}:
            continue
        if strong:
            yield Mention(text, found.start(), found.end(), "strong")
            continue
        mid_sentence = re.search(r"[\w,;:]\s+$", instruction[: found.start()])
        named = mid_sentence and text[0].isupper() and text in names.symbols
        if named or (text.lower() not in PLAIN and names.weak(text)):
            yield Mention(text, found.start(), found.end(), "strong" if named else "weak")


def _is_dotted_name(text: str) -> bool:
    # "e.g.", "i.e." and a sentence's end without a space are not names
    return (all(len(part) > 1 for part in text.split(".")) and not text.split(".")[1][0].isupper()) or "_" in text


def _phrases(instruction: str, names: _Names, taken: list[Mention]) -> Iterable[Mention]:
    """ "the select proxy function": words before a kind noun that join to a name of the graph."""
    words = list(re.finditer(r"[A-Za-z]\w*", instruction))
    for position, noun in enumerate(words):
        kind = _NOUNS.get(noun.group().lower())
        if kind is None or kind == "parameter":
            continue
        for size in (4, 3, 2):
            group = words[max(0, position - size) : position]
            if len(group) < size or any(w.group().lower() in PLAIN and size > 1 for w in group[:1]):
                continue
            if any(m.start < group[-1].end() and group[0].start() < m.end and m.strength == "strong" for m in taken):
                continue
            parts = [w.group().lower() for w in group]
            spellings = {"_".join(parts), "".join(p.title() for p in parts), "".join(parts)}
            known = sorted(s for s in spellings if s in names.symbols or s in names.stems)
            if known:
                yield Mention(known[0], group[0].start(), group[-1].end(), "strong", noun=kind)
                break


#: verbs that take the name of something as their object
_ACTS = (
    r"(?:renam|mov|relocat|transfer|shift|extract|inlin|merg|fold|combin|wrap|group|gather|bundl|split|swap|pull|put|turn|"
    r"convert|mak|giv|chang|tak|let|replac|import|collect|unif)(?:e|ing)?"
)
_OBJECT = re.compile(
    rf"\b{_ACTS}\s+(?:(?:the|both|all|our|its|out)\s+)*(?:(?:functions?|methods?|class(?:es)?|constants?|helpers?|variables?)\s+)?"
    r"[`'\"]*$",
    re.IGNORECASE,
)
_JOINED = re.compile(
    r"[`'\"()]*\s*(?:,|,?\s+(?:and|or|&|(?:together|along)\s+with|as\s+well\s+as|plus)|/)\s+(?:also\s+|the\s+)?[`'\"]*"
)
#: what may follow a name: not a noun that the plain word only describes ("the options related functions")
_ENDS = re.compile(
    r"[`'\"()]*(?:\s*$|\s*[,.;:)=-]|\s+(?:to|into|from|in|out|of|and|or|with|as|inside|under|by|on|at|for|so|should|must|is|are|"
    r"functions?|methods?|class(?:es)?|constants?|helpers?|dataclass|inherit|deriv\w*|subclass|raise|return|take|accept|an?|the|"
    r"together|along|plus|then|please|but|except|everywhere|instead|straight|directly|next)\b)",
    re.IGNORECASE,
)
_SAID_OF = re.compile(
    r"[`'\"()]*\s+(?:is|are|was|lives?|sits?|should|must|needs?|gets?|takes?|belongs?|could|can|wants?|has\s+to|does|doesn.?t|don.?t|ought)\b"
)


def _strengthen(instruction: str, mentions: list[Mention]) -> None:
    """Plain words that name a symbol are meant as its name where the sentence has a name: as the object of a verb
    ("move freeze to"), as its subject ("freeze should"), or in a list with one ("is_open, freeze and thaw")."""
    plain = [m for m in mentions if m.strength == "weak" and any(x.target == "symbol" for x in m.exact)]
    for mention in plain:
        before, behind = instruction[: mention.start], instruction[mention.end :]
        starts = re.search(r"(?:^|[.;:]\s+)[`'\"]*$", before) is not None
        named = mention.noun in {"function", "method", "class", "constant"} and any(
            x.kind in {mention.noun, "method" if mention.noun == "function" else mention.noun} for x in mention.exact
        )
        if (_OBJECT.search(before) and _ENDS.match(behind)) or (starts and _SAID_OF.match(behind)) or named:
            mention.strength = "strong"
    grown = True
    while grown:
        grown = False
        names = [m for m in mentions if m.strength == "strong" and not m.is_file and m.of("symbol")]
        for mention in plain:
            if mention.strength == "strong":
                continue
            for other in names:
                first, second = sorted((mention, other), key=lambda m: m.start)
                if first.end <= second.start and _JOINED.fullmatch(instruction[first.end : second.start]):
                    mention.strength, grown = "strong", True
                    break


def _noun_beside(instruction: str, mention: Mention) -> str:
    after = re.match(r"[`'\"()\s]*([A-Za-z]+)", instruction[mention.end :])
    if after and after[1].lower() in _NOUNS:
        return _NOUNS[after[1].lower()]
    before = re.search(r"([A-Za-z]+)(?:\s+(?:named|called))?[`'\"\s]*$", instruction[: mention.start])
    if before and before[1].lower() in _NOUNS:
        return _NOUNS[before[1].lower()]
    if mention.is_file:
        return "module"
    return ""


def _likeness(text: str, path: str) -> float:
    """How like a path is to the end of another one with as many folders; below 1.0 unless it is that end."""
    tail = "/".join(path.split("/")[-text.count("/") - 1 :])
    return 1.0 if tail == text else min(0.99, difflib.SequenceMatcher(None, text, tail).ratio())


class _Names:
    """The names of an index, arranged for exact and near look-up."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.symbols = index.names()
        self.stems: dict[str, list[str]] = {}
        self.basenames: dict[str, list[str]] = {}
        self.folders: dict[str, list[str]] = {}
        for record in index.files():
            if record.language in {"text", "binary"} or record.skipped:
                continue
            *folders, base = record.path.split("/")
            self.basenames.setdefault(base, []).append(record.path)
            stem = base.rsplit(".", 1)[0]
            self.stems.setdefault(stem, []).append(record.path)
            for depth, folder in enumerate(folders, 1):
                known = self.folders.setdefault(folder, [])
                path = "/".join(folders[:depth])
                if path not in known:
                    known.append(path)

    def weak(self, word: str) -> bool:
        return word in self.symbols or word in self.stems or word in self.folders

    def match(self, mention: Mention) -> list[Match]:
        text = mention.text
        if mention.is_file or "/" in text:
            return self._paths(text)
        found = self._dotted(text) if "." in text else self._name(text)
        if not found and mention.strength == "strong":
            found = self._near(text)
        return found

    def _paths(self, text: str) -> list[Match]:
        text = text.removeprefix("./").strip("/")
        base = text.rsplit("/", 1)[-1]
        exact = [p for p in self.basenames.get(base, []) if p == text or p.endswith("/" + text)]
        if exact:
            return [Match("module", p, "module", 1.0) for p in exact]
        folders = [p for p in self.folders.get(base, []) if p == text or p.endswith("/" + text)]
        if folders:
            return [Match("folder", p, "package", 1.0) for p in folders]
        near = difflib.get_close_matches(base, list(self.basenames), n=3, cutoff=NEAR)
        scored = [(_likeness(text, p), p) for b in near for p in self.basenames[b]]
        return [Match("module", p, "module", score) for score, p in scored if score >= NEAR]

    def _name(self, text: str) -> list[Match]:
        found = [Match("symbol", s.id, s.kind, 1.0) for s in self.index.find(text)]
        found += [Match("module", p, "module", 1.0) for p in self.stems.get(text, [])]
        found += [Match("folder", p, "package", 1.0) for p in self.folders.get(text, [])]
        return found

    def _dotted(self, text: str) -> list[Match]:
        """`TCPClient.connect`, `tornado.testing.AsyncTestCase.x`, `tornado.option.OptionParser`."""
        *lead, last = text.split(".")
        modules = [
            Match("module", p, "module", 1.0)
            for paths in self.stems.values()
            for p in paths
            if self.index.module_name(p) == text
        ]
        if modules:
            return modules
        scored: list[Match] = []
        for symbol in self.index.find(last):
            scored.append(Match("symbol", symbol.id, symbol.kind, self._agreement(symbol, lead)))
        best = max((m.score for m in scored), default=0.0)
        return [m for m in scored if m.score == best and best >= 0.5]

    def _agreement(self, symbol: Symbol, lead: list[str]) -> float:
        """How well the dotted words before the name agree with where the symbol stands; 1.0 is fully."""
        module = (self.index.module_name(symbol.path) or symbol.path.rsplit(".", 1)[0].replace("/", ".")).split(".")
        place = module + symbol.qualified.split(".")[:-1]
        pairs = list(zip(reversed(lead), reversed(place), strict=False))
        if not pairs:
            return 1.0
        return sum(difflib.SequenceMatcher(None, a, b).ratio() for a, b in pairs) / max(len(lead), 1)

    def _near(self, text: str) -> list[Match]:
        names = difflib.get_close_matches(text, self.symbols, n=3, cutoff=NEAR)
        found = []
        for name in names:
            score = difflib.SequenceMatcher(None, text, name).ratio()
            found += [Match("symbol", s.id, s.kind, score) for s in self.index.find(name)]
        return found or self._near_module(text)

    def _near_module(self, text: str) -> list[Match]:
        """`tornado.netutils` for tornado/netutil.py: the last word nearly a file's, the others its folders'."""
        *lead, last = text.split(".")
        found = []
        for stem in difflib.get_close_matches(last, list(self.stems), n=3, cutoff=NEAR):
            for path in self.stems[stem]:
                folders = path.split("/")[:-1]
                if lead == folders[len(folders) - len(lead) :]:
                    score = difflib.SequenceMatcher(None, last, stem).ratio()
                    found.append(Match("module", path, "module", score))
        return found
