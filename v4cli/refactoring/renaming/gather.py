"""Every edit that a rename makes, and every place that it looks at and leaves alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Protocol

from ...errors import Refused
from ..ecmascript.paths import is_ecmascript
from ..ecmascript.renames import check_declarations, check_shared, check_unsure
from ..go.paths import is_go
from ..go.renames import GoRename
from ..lookup import matches
from ..operation import LeftAlone
from ..python.modules import Modules
from ..python.source import try_parse
from ..scope import Scope
from ..text_mentions import is_distinctive, mentions
from ..workspace import Edit, Workspace
from .collisions import check_members, check_python, check_words
from .common_names import COMMON
from .exactness import LANGUAGES, Exactness
from .made_names import check_made_names
from .prose import Prose
from .public import PublicName

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Certainty, Reference, Symbol

Edits = dict[str, set[Edit]]
#: statements of Python 2, which the grammar of the index takes and Python's own does not
_LEGACY = re.compile(
    rb"^[ \t]*(?:print|exec)[ \t]+[\w'\"]|^[ \t]*except[^:\n]*,[ \t]*\w+[ \t]*:|^[ \t]*raise[ \t]+[\w.]+[ \t]*,|<>",
    re.M,
)
MEMBERS = {"method", "attribute"}


class Options(Protocol):
    @property
    def new_name(self) -> str: ...
    @property
    def keep_public(self) -> bool | list[str]: ...
    @property
    def skip_paths(self) -> list[str]: ...
    @property
    def scope(self) -> Scope: ...
    @property
    def rename_in_text(self) -> bool: ...
    @property
    def changelog(self) -> bool: ...


class Renaming:
    """Works out the rename of `symbol`. Raises Refused for a name that is not one, or that collides."""

    def __init__(self, ws: Workspace, symbol: Symbol, options: Options) -> None:
        self.ws = ws
        self.index = ws.index
        self.symbol = symbol
        self.options = options
        self.old, self.new = symbol.name, options.new_name
        self.is_member = symbol.kind in MEMBERS
        self.family: list[Symbol] = self._family()
        self.others = [
            s
            for s in self.index.find(self.old)
            if s.id not in {f.id for f in self.family} and (not self.is_member or "." in s.qualified)
        ]
        self.notes: list[str] = []
        self.modules = Modules(self.index)
        self.go = GoRename(self.index, self.family, self.new) if is_go(symbol.path) else None
        language = self.index.language(symbol.path)
        others = language is not None and language.name in LANGUAGES
        #: for languages that have no operations of their own here
        self.exactness = Exactness(self.index, self.family, self.new) if others else None

    def file_moves(self) -> dict[str, str]:
        """path -> new path of files that are called like the symbol because they have to be."""
        return self.exactness.file_moves() if self.exactness is not None else {}

    def _family(self) -> list[Symbol]:
        if not self.is_member:
            return [self.symbol]
        family = {s.id: s for s in [self.symbol, *self.index.method_family(self.symbol)]}
        return [family[key] for key in sorted(family)]

    def work_out(self) -> tuple[Edits, list[LeftAlone]]:
        self._check_name()
        if self.go is not None:
            self.go.check()
        if self.exactness is not None:
            self.exactness.check()
        references = self._references()
        exact = {(r.path, r.span) for r in references if r.certainty == "exact"}
        # a declaration elsewhere of the symbol itself
        self.others = [s for s in self.others if (s.path, s.definition.name_span) not in exact]
        public = PublicName(self, references)
        edits: Edits = {}
        left: list[LeftAlone] = list(public.left)
        settled: set[tuple[str, int, int]] = set()
        in_text: dict[tuple[str, int, int], Certainty] = {}
        for reference in references:
            path, span = reference.path, reference.span
            if reference.name != self.old:
                continue
            if reference.kind in {"string", "doc"} and reference.certainty != "exact":
                in_text[(path, *span)] = reference.certainty
                continue
            if self.index.read(path)[span[0] : span[1]] != self.old.encode():
                continue
            settled.add((path, *span))
            if (path, span) in public.stays:
                continue
            if reason := self._reason_to_leave(reference):
                left.append(self._left(reference, reason))
                continue
            edits.setdefault(path, set()).add(self._edit(path, span))
        for path, edit in public.edits:
            settled.add((path, edit.start, edit.end))
            edits.setdefault(path, set()).add(edit)
        left += self._leave_unreadable(edits)
        check_declarations(self.index, edits, self.old)
        if self.is_member and is_ecmascript(self.symbol.path):
            check_shared(self.index, references, self.others)
        self._check_collisions(edits)
        if self.go is not None:
            for path, edit in self.go.along(edits):
                settled.add((path, edit.start, edit.end))
                edits.setdefault(path, set()).add(edit)
            self.notes += self.go.notes()
        if self.options.rename_in_text:
            prose = Prose(self, edits, public)
            for mention in mentions(self.ws, self.old):
                if (mention.path, *mention.span) in settled or public.covers(mention.path, mention.span):
                    continue
                if self.exactness is not None:
                    self.exactness.check_mention(mention)
                verdict = (
                    "skipped as asked"
                    if self._is_skipped(mention.path)
                    else prose.judge(mention, in_text.get((mention.path, *mention.span), "text"))
                )
                if verdict == "":
                    edits.setdefault(mention.path, set()).add(Edit(*mention.span, self.new.encode()))
                elif verdict is not None:
                    left.append(LeftAlone(mention.path, mention.line, mention.text, verdict))
        return edits, left

    def _leave_unreadable(self, edits: Edits) -> list[LeftAlone]:
        """Take out of `edits` the Python files that do not parse: what a name means there cannot be checked.
        The defining file stays in, and is refused later on."""
        left: list[LeftAlone] = []
        for path in sorted(set(edits) - {s.path for s in self.family}):
            language = self.index.language(path)
            if language is None or language.name != "python":
                continue
            data = self.index.read(path)
            if _may_parse(self.index, path, data) or try_parse(path, data) is not None:
                continue
            for edit in sorted(edits.pop(path)):
                line = data.count(b"\n", 0, edit.start) + 1
                left.append(LeftAlone(path, line, self.old, "the file does not parse"))
        return left

    def _check_name(self) -> None:
        language = self.index.language(self.symbol.path)
        if not self.new.isidentifier() and not self.new.replace("$", "_").isidentifier():
            raise Refused(f"{self.new!r} is not an identifier")
        if language is not None and self.new in language.keywords():
            raise Refused(f"{self.new} is a reserved word of {language.name}")
        if self.is_member and self.old.startswith("__") and self.old.endswith("__"):
            raise Refused(f"{self.symbol.id}: Python itself calls {self.old}; it cannot have another name")

    def _references(self) -> list[Reference]:
        rank = {"exact": 0, "likely": 1, "text": 2}
        best: dict[tuple[str, tuple[int, int]], Reference] = {}
        for member in self.family:
            for reference in self.index.references(member):
                key = (reference.path, reference.span)
                if key not in best or rank[reference.certainty] < rank[best[key].certainty]:
                    best[key] = reference
        return [best[key] for key in sorted(best)]

    def _is_skipped(self, path: str) -> bool:
        """The scope is about uses: the definition gets its name in any case."""
        if matches(path, self.options.skip_paths):
            return True
        return path not in {s.path for s in self.family} and self.options.scope.reason(self.index, path) != ""

    def _reason_to_leave(self, reference: Reference) -> str:
        if self._is_skipped(reference.path):
            return "skipped as asked"
        if reference.certainty == "exact":
            return ""
        if self.go is not None and is_go(reference.path):
            return self.go.reason_to_leave(reference, self.others)
        if self.exactness is not None:
            return self.exactness.reason_to_leave(reference, self.others)
        if self.others:
            if self.is_member:
                check_unsure(reference, self.others)
            return f"may mean another definition of that name, such as {self.others[0].id}"
        unsure = reference.certainty == "text" or reference.kind == "keyword"
        if unsure and not is_distinctive(self.old):
            return "what it is taken from is not known, and the name is a common one"
        if self.is_member and self.old in COMMON and not is_distinctive(self.old):
            return "what it is taken from is not known, and types of the standard library have that attribute"
        return ""

    def _left(self, reference: Reference, reason: str) -> LeftAlone:
        lines = self.index.text(reference.path).split("\n")
        text = lines[reference.line - 1].strip()[:200] if reference.line <= len(lines) else ""
        return LeftAlone(reference.path, reference.line, text, reason)

    def _edit(self, path: str, span: tuple[int, int]) -> Edit:
        python = path.endswith((".py", ".pyi"))  # of which only the imports are asked for
        facts = self.index.outline(path) if python else self.index.facts(path)
        if facts is None:
            return Edit(*span, self.new.encode())
        if not python and span in facts.shorthands:
            return Edit(*span, self._shorthand(path, span))
        for fact in facts.imports:
            # `try: import name / except ImportError: name = None`: what is imported keeps its own name
            foreign = fact.name is None or self.modules.file(fact.module, path) is None
            here = span in {fact.name_span, fact.module_span} and fact.local_span in {None, span}
            if facts.language == "python" and foreign and here and fact.local == self.old:
                return Edit(*span, f"{self.old} as {self.new}".encode())
        return Edit(*span, self.new.encode())

    def _shorthand(self, path: str, span: tuple[int, int]) -> bytes:
        """JavaScript's `{name}`: write both halves, as only one of them changes."""
        if self.is_member:
            return f"{self.new}: {self.old}".encode()
        return f"{self.old}: {self.new}".encode()

    def _check_collisions(self, edits: Edits) -> None:
        if self.symbol.path.endswith(".py"):
            check_made_names(self.index, self.family)
        if self.is_member:
            check_members(self.index, self.family, self.new)
        if self.go is not None:
            places = {(p, self.index.read(p).count(b"\n", 0, e.start) + 1) for p, some in edits.items() for e in some}
            self.go.check_places(places)
            self.go.check_collisions(edits)
        if self.exactness is not None:
            self.exactness.check_collisions(edits)
        for path in sorted(edits):
            language = self.index.language(path)
            if language is None:
                continue
            if language.name == "python":
                check_python(path, self.index.read(path), self.old, self.new, edits[path])
            elif self.go is None and (self.exactness.looks_at_words if self.exactness else not self.is_member):
                check_words(self.ws, path, self.new)


def _may_parse(index: Index, path: str, data: bytes) -> bool:
    """Whether nothing speaks against a Python file being one that parses. Much cheaper than parsing it."""
    facts = index.outline(path)
    if facts is None or facts.errors or _LEGACY.search(data) is not None:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:  # Python wants the encoding declared
        return False
    return True
