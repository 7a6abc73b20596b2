"""Questions that the graph answers exactly: where is X defined, who imports Y, what calls Z, what breaks if.

Each reading is a phrasing and a query. A question whose phrasing fits none, or that names nothing in the graph,
is left to retrieval and the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..mentions import Match, Mention, find_mentions
from ..rendering import SourceLines

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Reference, Symbol

#: how many places the text of an answer lists; --json carries all
SHOWN = 25


@dataclass(frozen=True, slots=True, order=True)
class Citation:
    path: str
    start_line: int
    end_line: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        span = f"-{self.end_line}" if self.end_line != self.start_line else ""
        return f"{self.path}:{self.start_line}{span}"


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement that the graph vouches for, and where it stands."""

    text: str
    citation: Citation
    certainty: str = "exact"

    def as_json(self) -> dict[str, Any]:
        return {"text": self.text, "certainty": self.certainty, **self.citation.as_json()}


@dataclass(slots=True)
class ExactAnswer:
    headline: str
    facts: list[Fact] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        yield self.headline
        width = max((len(str(f.citation)) for f in self.facts[:SHOWN]), default=0)
        for fact in self.facts[:SHOWN]:
            mark = "" if fact.certainty == "exact" else f"  ({fact.certainty})"
            yield f"  {fact.citation!s:{width}}  {fact.text}{mark}"
        if len(self.facts) > SHOWN:
            yield f"  ... and {len(self.facts) - SHOWN} more (--json lists all)"


_DEFINED = re.compile(
    r"\bwhere\b.*\b(?:defined|declared|located|live|lives|definition)\b"
    r"|\bwhich (?:file|module)s?\b.*\b(?:defines?|declares?)\b"
    r"|\b(?:find|show|go to|what is|where is) the definition\b|^\s*define\b",
    re.IGNORECASE,
)
_IMPORTERS = re.compile(
    r"\b(?:who|what|which)\b(?:\s+\w+){0,2}?\s+imports?\b(?!\s*\?)|\bimporters of\b|\bimported by whom\b"
    r"|\bwhere is\b.*\bimported\b|\bwhich (?:files|modules)\b.*\bdepends? on\b|\bwhat depends on\b",
    re.IGNORECASE,
)
_IMPORTS = re.compile(
    r"\bwhat\b.*\bdoes\b.*\bimport\b|\bimports of\b|\bdependencies of\b|\bdepends? on what\b", re.IGNORECASE
)
_CALLERS = re.compile(
    r"\b(?:who|what|which|where)\b.*\bcalls?\b|\bcallers? of\b|\bwhere is\b.*\bcalled\b|\bcalled (?:by|from)\b",
    re.IGNORECASE,
)
_USES = re.compile(
    r"\bwhere\b.*\b(?:used|referenced)\b|\b(?:who|what|which)\b(?:\s+\w+){0,2}?\s+uses?\b"
    r"|\b(?:usages?|uses|references) (?:of|to)\b",
    re.IGNORECASE,
)
_IMPACT = re.compile(
    r"\bwhat\b.*\b(?:breaks?|be affected|is affected|be broken|happens?)\b.*\bif\b|\bimpact of\b"
    r"|\bsafe to (?:remove|delete|rename)\b",
    re.IGNORECASE,
)
_SUBCLASSES = re.compile(
    r"\bsub-?classes of\b|\bchild classes of\b|\b(?:inherits?|derives?|extends?|subclass(?:es)?)\b(?:\s+from)?\b.*",
    re.IGNORECASE,
)
_METHODS = re.compile(r"\b(?:methods|members|attributes)\b.*\b(?:of|does|has|in)\b", re.IGNORECASE)


def answer(question: str, index: Index) -> ExactAnswer | None:
    """The exact answer, or None when the graph alone cannot give one."""
    readings: tuple[tuple[re.Pattern[str], Callable[[Index, Match], ExactAnswer | None]], ...] = (
        (_IMPACT, _impact),
        (_IMPORTS, _imports),
        (_IMPORTERS, _importers),
        (_CALLERS, _callers),
        (_DEFINED, _defined),
        (_SUBCLASSES, _subclasses),
        (_USES, _used),
        (_METHODS, _methods),
    )
    query = next((query for pattern, query in readings if pattern.search(question)), None)
    if query is None or re.search(r"\b(?:why|how)\b", question, re.IGNORECASE):
        return None
    mentions = find_mentions(question, index)
    named = [m for m in mentions if m.exact]
    if len({m.text for m in named if m.strength == "strong"}) > 1 and len(named) > 2:
        return None
    for mention in sorted(named, key=lambda m: (m.strength == "weak", _place(question, m), m.start)):
        found = [a for match in _meant(mention, question) if (a := query(index, match)) is not None]
        if found:
            merged = ExactAnswer(found[0].headline, found[0].facts)
            if len(found) > 1:
                merged = ExactAnswer("; ".join(f.headline.rstrip(":") for f in found[:6]) + ":", [])
                merged.facts = [fact for f in found for fact in f.facts]
            return merged
    return None


def _place(question: str, mention: Mention) -> bool:
    return bool(re.search(r"\b(?:in|from|of)\s+(?:the\s+)?[`'\"]*$", question[: mention.start]))


def _meant(mention: Mention, question: str) -> list[Match]:
    """The matches a question can mean: symbols unless a file or module is named; those of source before tests."""
    as_module = mention.is_file or mention.noun in {"module", "package"} or "/" in mention.text
    wanted = mention.of("module") if as_module else mention.of("symbol") or mention.of("module")
    wanted = [m for m in wanted if m.score >= 1.0]
    return sorted(wanted, key=lambda m: ("test" in m.ref.lower(), m.ref))[:6]


def _symbol(index: Index, match: Match) -> Symbol | None:
    return index.symbol(match.ref) if match.target == "symbol" else None


def _cite(reference: Reference) -> Citation:
    return Citation(reference.path, reference.line, reference.line)


def _defined(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    symbol = _symbol(index, match)
    if symbol is None:
        return ExactAnswer(f"{match.ref} is a file:", [Fact("the module", Citation(match.ref, 1, 1))])
    place = Citation(symbol.path, symbol.line, symbol.end_line)
    text = symbol.definition.signature or line(symbol.path, symbol.line)
    return ExactAnswer(f"{symbol.qualified} is defined in {symbol.path}:", [Fact(text, place)])


def _importers(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    if symbol := _symbol(index, match):
        imports = [r for r in index.references(symbol) if r.kind == "import" and r.certainty == "exact"]
        facts = [Fact(line(r.path, r.line), _cite(r)) for r in imports]
        name = symbol.qualified
    elif match.target == "module":
        edges = index.importers(match.ref)
        facts = [Fact(line(e.source, e.line), Citation(e.source, e.line, e.line)) for e in edges]
        name = match.ref
    else:
        return None
    facts = list(dict.fromkeys(facts))
    files = len({f.citation.path for f in facts})
    return ExactAnswer(f"{name} is imported by {files} file{'s' * (files != 1)}:", facts)


def _imports(index: Index, match: Match) -> ExactAnswer | None:
    if match.target != "module":
        return None
    facts = []
    for edge in index.imports(match.ref):
        where = edge.target or f"{edge.module} ({edge.state})"
        facts.append(Fact(where, Citation(match.ref, edge.line, edge.line)))
    return ExactAnswer(f"{match.ref} imports:", facts)


def _owner(index: Index, reference: Reference) -> str:
    around = [s for s in index.symbols(reference.path) if s.line <= reference.line <= s.end_line]
    inner = max(around, key=lambda s: (s.line, -s.end_line), default=None)
    return f"in {inner.qualified}: " if inner is not None else ""


def _callers(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    symbol = _symbol(index, match)
    if symbol is None:
        return None
    calls = [r for r in index.references(symbol) if r.kind == "call" and r.certainty != "text"]
    facts = [Fact(_owner(index, r) + line(r.path, r.line), _cite(r), r.certainty) for r in calls]
    return ExactAnswer(_count(symbol.qualified, "called", facts), facts)


def _used(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    symbol = _symbol(index, match)
    if symbol is None:
        return _importers(index, match)
    uses = [r for r in index.references(symbol) if r.kind != "definition" and r.certainty != "text"]
    uses.sort(key=lambda r: r.kind in {"doc", "string"})
    facts = [Fact(f"{r.kind}: {line(r.path, r.line)}", _cite(r), r.certainty) for r in uses]
    return ExactAnswer(_count(symbol.qualified, "used", facts), facts)


def _count(name: str, verb: str, facts: list[Fact]) -> str:
    if not facts:
        return f"{name} is not {verb} anywhere in the repository."
    files = len({f.citation.path for f in facts})
    return f"{name} is {verb} in {len(facts)} place{'s' * (len(facts) != 1)} of {files} file{'s' * (files != 1)}:"


def _impact(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    if symbol := _symbol(index, match):
        uses = [r for r in index.references(symbol) if r.kind != "definition" and r.certainty != "text"]
        uses = [r for r in uses if r.kind not in {"doc", "string"}]  # what a text says does not break
        outside = [r for r in uses if not (r.path == symbol.path and symbol.line <= r.line <= symbol.end_line)]
        facts = [Fact(_owner(index, r) + line(r.path, r.line), _cite(r), r.certainty) for r in outside]
        if not facts:
            return ExactAnswer(f"Nothing in the repository refers to {symbol.qualified}.", [])
        files = len({f.citation.path for f in facts})
        return ExactAnswer(f"{len(facts)} places in {files} files depend on {symbol.qualified}:", facts)
    if match.target != "module":
        return None
    direct = index.importers(match.ref)
    all_files = {e.source for e in index.importers(match.ref, transitive=True)} | {e.source for e in direct}
    facts = [Fact(line(e.source, e.line), Citation(e.source, e.line, e.line)) for e in direct]
    facts = list(dict.fromkeys(facts))
    return ExactAnswer(
        f"{len({e.source for e in direct})} files import {match.ref} directly, {len(all_files)} directly or not:", facts
    )


def _subclasses(index: Index, match: Match) -> ExactAnswer | None:
    line = SourceLines(index)
    symbol = _symbol(index, match)
    if symbol is None or symbol.kind != "class":
        return None
    facts, seen, queue = [], {symbol.id}, [symbol]
    while queue:
        parent = queue.pop(0)
        files = {r.path for r in index.references(parent) if r.certainty == "exact"}
        for path in sorted(files):
            for child in index.symbols(path):
                if child.kind != "class" or child.id in seen:
                    continue
                for base in child.definition.bases:
                    target = index.resolve(path, base)
                    if getattr(target, "id", None) == parent.id:
                        seen.add(child.id)
                        queue.append(child)
                        text = line(path, child.line)
                        facts.append(Fact(text, Citation(path, child.line, child.end_line)))
                        break
    if not facts:
        return ExactAnswer(f"No class in the repository derives from {symbol.qualified}.", [])
    return ExactAnswer(f"{len(facts)} classes derive from {symbol.qualified}, directly or not:", facts)


def _methods(index: Index, match: Match) -> ExactAnswer | None:
    symbol = _symbol(index, match)
    if symbol is None or symbol.kind != "class":
        return None
    members = [s for s in index.symbols(symbol.path) if s.definition.parent == symbol.qualified]
    facts = [
        Fact(s.definition.signature or s.name, Citation(s.path, s.line, s.end_line))
        for s in members
        if s.kind in {"method", "function", "attribute"}
    ]
    return ExactAnswer(f"{symbol.qualified} defines {len(facts)} members:", facts)
