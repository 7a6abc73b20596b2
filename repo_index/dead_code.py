"""Candidates for dead code: definitions that nothing alive leads to.

One pass resolves every identifier of the repository, then what is alive is marked from the roots: code at the top of
files, tests, entry points, what is decorated (a framework may keep it), and the public API unless the repository
is an application. Every candidate is only that: code may be reached in ways that no static graph sees.

high    not public, nothing refers to it
medium  public (other repositories could use it), nothing in this one refers to it
low     something may use it: its name stands in a string or document, an attribute of something unknown has its
        name, a base class outside the repository may call it, only tests use it
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from .call_graph import NO_USE, CallGraph
from .public_api import exported_names, package_entries, python_names
from .records import Symbol
from .resolve import is_class

if TYPE_CHECKING:
    from .index import Index

Certainty = Literal["high", "medium", "low"]
_ORDER = {"high": 0, "medium": 1, "low": 2}
_PLAIN = frozenset(
    "staticmethod classmethod property cached_property abstractmethod overload override final wraps lru_cache cache "
    "contextmanager asynccontextmanager dataclass total_ordering singledispatch setter getter deleter no_type_check "
    "runtime_checkable deprecated unique".split()
)
"""Decorators that keep no reference to what they decorate."""
_CLOSED = frozenset("object Generic Protocol ABC NamedTuple TypedDict Enum IntEnum StrEnum Flag IntFlag".split())
"""Bases that call nothing of a derived class by its name."""
_WORD = re.compile(rb"[A-Za-z_$][\w$]*")
_BEFORE, _AFTER = b".:/\"'`", b".:\"'`("


@dataclass(frozen=True, slots=True)
class Candidate:
    symbol: Symbol
    certainty: Certainty
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"symbol": self.symbol.as_json(), "certainty": self.certainty, "reason": self.reason}


@dataclass
class _Links:
    """What one pass over the repository finds."""

    targets: dict[str, set[str]] = field(default_factory=dict)
    """holder id -> ids of what it uses; what runs when a file is loaded is held by the file's path"""
    users: dict[str, set[str]] = field(default_factory=dict)
    loose: dict[str, tuple[str, int]] = field(default_factory=dict)
    """name of an attribute of something unknown -> its first place"""
    imported: dict[str, tuple[str, int]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)


def dead_code(index: Index, paths: Iterable[str] | None = None, *, application: bool = False) -> list[Candidate]:
    """Candidates in these files (default: all), by certainty and place. `application`: nobody imports this
    repository, so that its public names count like others. Members of a candidate are not listed beside it."""
    return _Dead(index, application).run(None if paths is None else set(paths))


class _Dead:
    def __init__(self, index: Index, application: bool) -> None:
        self.index = index
        self.application = application
        self.calls = CallGraph(index)
        self.symbols = {s.id: s for s in index.symbols()}
        self.tests = {r.path for r in index.files() if r.role == "test"}
        self.members: dict[str, list[Symbol]] = {}
        for symbol in self.symbols.values():
            if symbol.definition.parent:
                self.members.setdefault(self._holder(symbol), []).append(symbol)
        self.links = _Links()
        for record in index.files():
            if index.language(record.path) is not None:
                self._read(record.path)

    @staticmethod
    def _holder(symbol: Symbol) -> str:
        return f"{symbol.path}::{symbol.definition.parent}"

    def _read(self, path: str) -> None:
        links = self.links
        for occurrence, holder, target in self.calls.occurrences(path):
            if not isinstance(target, Symbol):
                if target is None and occurrence.binding == "member" and occurrence.kind in ("call", "use", "keyword"):
                    links.loose.setdefault(occurrence.name, (path, occurrence.line))
            elif occurrence.kind == "import":
                links.imported.setdefault(target.id, (path, occurrence.line))
            elif occurrence.kind == "export":
                links.listed.add(target.id)
            elif occurrence.kind not in NO_USE:
                runs = holder.kind in ("constant", "variable", "module") and not holder.definition.parent
                source = path if runs else holder.id
                if source != target.id:
                    links.targets.setdefault(source, set()).add(target.id)
                    links.users.setdefault(target.id, set()).add(source)

    # -- roots

    def _public(self) -> set[str]:
        """Ids of what packages offer by name: `__all__`, re-exports in `__init__`, entries of package.json."""
        found: set[str] = set()
        for record in self.index.files():
            path = record.path
            if path.endswith("package.json"):
                for module, file in package_entries(self.index, path):
                    found |= {n.symbol.id for n in exported_names(self.index, file, module)}
            elif path.endswith((".py", ".pyi")) and path not in self.tests:
                outline = self.index.outline(path)
                listed = outline is not None and outline.dunder_all is not None
                if listed or path.rsplit("/", 1)[-1].startswith("__init__."):
                    names = python_names(self.index, path, "")
                    found |= {n.symbol.id for n in names if listed or n.reexported}
        return found

    def _kept(self, symbol: Symbol) -> bool:
        """Whether something that no reference shows keeps a definition: a protocol, a decorator."""
        name = symbol.name
        if name in ("_", "main") or (name.startswith("__") and name.endswith("__")) or name == "constructor":
            return True
        return any(self._last(d) not in _PLAIN for d in symbol.definition.decorators)

    @staticmethod
    def _last(decorator: str) -> str:
        return decorator.partition("(")[0].rsplit(".", 1)[-1].strip("@ ")

    def _mark(self, roots: Iterable[str]) -> set[str]:
        """Everything that the roots lead to."""
        alive: set[str] = set()
        todo = sorted(set(roots))
        while todo:
            at = todo.pop()
            if at in alive:
                continue
            alive.add(at)
            todo += self.links.targets.get(at, ())
            symbol = self.symbols.get(at)
            if symbol is None:
                continue
            if symbol.definition.parent:
                todo.append(self._holder(symbol))
                if symbol.kind in ("method", "attribute"):
                    todo += self._family(symbol)
            todo += [m.id for m in self.members.get(at, ()) if self._kept(m)]
        return alive

    def _family(self, symbol: Symbol) -> list[str]:
        """Definitions of the same member in base and derived classes."""
        holder = self._holder(symbol)
        tree = self.calls.classes
        if holder not in tree.children and holder not in tree.parents:
            return []
        found = [f"{c.id}.{symbol.name}" for c in (*tree.derived(holder), *tree.ancestors(holder))]
        return [i for i in found if i in self.symbols]

    # -- what speaks for a definition

    def _open_base(self, class_id: str) -> str:
        """A base outside the repository that may call what a class defines, "" when there is none."""
        tree = self.calls.classes
        for holder in (class_id, *(a.id for a in tree.ancestors(class_id))):
            for base in tree.open_bases.get(holder, ()):
                last = base.partition("[")[0].rsplit(".", 1)[-1]
                error = isinstance(getattr(builtins, last, None), type) and issubclass(
                    getattr(builtins, last), BaseException
                )
                if last not in _CLOSED and not error:
                    return base
        return ""

    def _mentions(self, names: set[str]) -> dict[str, str]:
        """name -> first place ("path:line") where a string or a file without a grammar names it."""
        wanted = {n.encode() for n in names}
        found: dict[str, str] = {}
        for record in self.index.files():
            if record.skipped or record.role == "generated":
                continue
            path = record.path
            if self.index.language(path) is None:
                content = self.index.read(path)
                spans = [(0, len(content))]
            else:
                facts = self.index._pieces(path, "texts")
                spans = [(a, b) for a, b, kind in (facts.texts if facts else ()) if kind == "string"]
                if not spans:
                    continue
                content = self.index.read(path)
            for start, end in spans:
                for match in _WORD.finditer(content, start, end):
                    word = match[0]
                    if word not in wanted or self._inside_own(path, word.decode(), match.start()):
                        continue
                    if self._as_name(content, match.start(), match.end()):
                        wanted.discard(word)
                        found[word.decode()] = f"{path}:{self.index._line_of(path, match.start())}"
        return found

    def _inside_own(self, path: str, name: str, offset: int) -> bool:
        """Whether an offset lies in the definition of a name itself (`T = TypeVar("T")`)."""
        symbol = self.symbols.get(f"{path}::{name}")
        return symbol is not None and symbol.definition.span[0] <= offset < symbol.definition.span[1]

    @staticmethod
    def _as_name(content: bytes, start: int, end: int) -> bool:
        """Whether a word in a text stands there as a name, not as a word of a sentence."""
        word = content[start:end]
        if b"_" in word.strip(b"_") or (word[1:] != word[1:].lower() and word != word.upper()):
            return True
        before, after = content[start - 1 : start], content[end : end + 1]
        return bool(before and after) and before in _BEFORE and after in _AFTER

    # -- the answer

    def run(self, paths: set[str] | None) -> list[Candidate]:
        links = self.links
        files = {r.path for r in self.index.files()}
        in_tests = [s.id for s in self.symbols.values() if s.path in self.tests]
        decorated = [s.id for s in self.symbols.values() if not s.definition.parent and self._kept(s)]
        public = set() if self.application else self._public()
        sources = self._mark([*(files - self.tests), *decorated, *public])
        alive = sources | self._mark([*files, *in_tests, *decorated, *public])
        dead = {i: s for i, s in self.symbols.items() if i not in sources and s.path not in self.tests}
        named = self._mentions({s.name for s in dead.values()})
        weak: dict[str, str] = {}
        for i, symbol in dead.items():
            reason = self._weak(symbol, alive, named)
            if reason:
                weak[i] = reason
        kept = alive | self._mark([*alive, *weak])
        found = []
        for i, symbol in dead.items():
            if (paths is not None and symbol.path not in paths) or self.index.role(symbol.path) == "generated":
                continue
            if self._kept(symbol) or self._inside_dead(symbol, dead):
                continue
            if i in weak:
                found.append(Candidate(symbol, "low", weak[i]))
            elif i not in kept:
                hidden = symbol.name.startswith("_") or not symbol.definition.exported or self.application
                found.append(Candidate(symbol, "high" if hidden else "medium", self._reason(symbol, links)))
        return sorted(found, key=lambda c: (_ORDER[c.certainty], c.symbol.path, c.symbol.line, c.symbol.id))

    def _inside_dead(self, symbol: Symbol, dead: dict[str, Symbol]) -> bool:
        return bool(symbol.definition.parent) and self._holder(symbol) in dead

    def _weak(self, symbol: Symbol, alive: set[str], named: dict[str, str]) -> str:
        """Why a definition that nothing refers to may be used all the same, "" when nothing says so."""
        if symbol.id in alive:
            return "used by tests only"
        if symbol.kind in ("method", "attribute"):
            place = self.links.loose.get(symbol.name)
            if place is not None:
                return f"an attribute of that name is used at {place[0]}:{place[1]}"
            base = self._open_base(self._holder(symbol))
            if base:
                return f"its class derives from {base}, which may use it"
            holder = self.symbols.get(self._holder(symbol))
            if holder is not None and not is_class(holder):
                return "a property of an object, which may be handed on"
            if symbol.kind == "attribute":
                return "attributes may be read by name"
        elif is_class(symbol) and (base := self._open_base(symbol.id)):
            return f"derives from {base}, which may register it"
        elif symbol.kind in ("variable", "constant") and self.index.role(symbol.path) in ("config", "doc"):
            return "a setting that a tool may read"
        place_named = named.get(symbol.name)
        return f"named in {place_named}" if place_named is not None else ""

    @staticmethod
    def _reason(symbol: Symbol, links: _Links) -> str:
        if links.users.get(symbol.id):
            return "used by other candidates only"
        if symbol.id in links.imported:
            path, line = links.imported[symbol.id]
            return f"imported at {path}:{line}, never used"
        return "exported, never used" if symbol.id in links.listed else "never used"
