"""Renames in languages without operations of their own here: carried out where the graph is exact, else refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import basename, dirname
from typing import TYPE_CHECKING

from ...errors import Refused
from ..text_mentions import Mention, is_distinctive
from .outside import BASES, CALLED

if TYPE_CHECKING:
    from repo_index import Index
    from repo_index.records import Reference, Symbol

LANGUAGES = frozenset("java csharp kotlin c cpp rust php ruby swift scala bash".split())
_CODE = {"use", "call", "keyword", "import", "export"}
_MEMBERS = {"method", "attribute"}
#: where a method that overrides one has to say so
_MARKED = {"kotlin": r"\boverride\b", "csharp": r"\boverride\b", "swift": r"\boverride\b", "scala": r"\boverride\b",
           "java": r"@(?:java\.lang\.)?Override\b", "cpp": r"\boverride\b|\bfinal\b"}  # fmt: skip
#: where a method may implement one of an interface without saying so
_SILENT = frozenset({"java", "csharp", "swift", "scala", "php", "ruby", "cpp"})
#: where a bare name in a method may mean a member
_BARE = frozenset({"java", "csharp", "kotlin", "cpp", "ruby", "swift", "scala"})


class Exactness:
    """Asks of one rename whether the graph knows all that it takes."""

    def __init__(self, index: Index, family: list[Symbol], new: str) -> None:
        self.index = index
        self.family = family
        self.symbol = family[0]
        self.new = new
        language = index.language(self.symbol.path)
        self.language = language.name if language is not None else ""
        self.is_member = self.symbol.kind in _MEMBERS

    def check(self) -> None:
        """Raises Refused for names that are not the repository's alone."""
        for member in self.family:
            name = member.name
            if name == "<init>" or (member.kind == "method" and member.definition.parent.rpartition(".")[2] == name):
                raise Refused(f"{member.id} is a constructor; rename its class")
            by_name = member.kind in ("method", "function") and name in CALLED[self.language].split()
            if by_name or (self.language == "php" and name.startswith("__")):
                raise Refused(f"{member.id}: {self.language} itself calls {name}; it cannot have another name")
        if self.is_member and not self._is_private(self.symbol):
            self._check_outside()

    def _is_private(self, member: Symbol) -> bool:
        return re.search(r"\b(?:private|static)\b", member.definition.signature) is not None

    def _check_outside(self) -> None:
        """Raises Refused where something outside the repository may ask for the member by its name."""
        holders = {f"{m.path}::{m.definition.parent}" for m in self.family}
        for member in self.family:
            marker = _MARKED.get(self.language)
            text = " ".join((*(f"@{d}" for d in member.definition.decorators), member.definition.signature))
            if marker and re.search(marker, text) and not self._above(member) & holders:
                raise Refused(f"{member.id} overrides what is not in this repository")
            if self.language == "rust":
                for base in member.definition.bases:
                    if self.index.resolve(member.path, base, member.definition.parent.rpartition(".")[0]) is None:
                        raise Refused(f"{member.id} implements {base}, which is not in this repository")
            if member.kind == "method" or self.language in ("swift", "csharp", "scala"):
                self._check_bases(member)

    def _above(self, member: Symbol) -> set[str]:
        from .collisions import ancestors

        return ancestors(self.index, f"{member.path}::{member.definition.parent}")

    def _check_bases(self, member: Symbol) -> None:
        if self.language not in _SILENT:
            return
        holder = f"{member.path}::{member.definition.parent}"
        known = BASES.get(self.language, {})
        for at in sorted({holder, *self._above(member)}):
            path, _, qualified = at.partition("::")
            for symbol in self.index.symbols(path):
                if symbol.qualified != qualified:
                    continue
                for base in symbol.definition.bases:
                    if self.index.resolve(path, base, symbol.definition.parent) is not None:
                        continue
                    asked = known.get(base.rpartition(".")[2].rpartition("::")[2])
                    if asked is None or member.name in asked.split():
                        raise Refused(
                            f"{symbol.id} is a {base}, which is not in this repository and may ask for {member.name}"
                        )

    def reason_to_leave(self, reference: Reference, others: list[Symbol]) -> str:
        """ "" for a place that follows. Raises Refused where it cannot be told whether it does."""
        if reference.certainty == "exact" or reference.kind not in _CODE:
            return ""
        sure = reference.certainty == "likely" or is_distinctive(self.symbol.name)
        if sure and not others:
            return ""
        other = f"{others[0].id}" if others else "something outside the repository"
        raise Refused(
            f"{reference.path}:{reference.line}: whether {reference.name} is this one or {other} cannot be told; "
            "rename it by hand, or leave the file out with skip_paths"
        )

    def check_mention(self, mention: Mention) -> None:
        """Raises Refused for a word in code, without a meaning in the graph, that may be the symbol all the same."""
        if mention.kind != "code":
            return
        name = self.symbol.name
        if self.language == "ruby" and mention.before.endswith(":") and not mention.before.endswith("::"):
            raise Refused(f"{mention.path}:{mention.line}: the symbol :{name} may call it by its name")
        if self.language in ("c", "cpp") and mention.path.rpartition(".")[2] in _C and self._in_macro(mention):
            raise Refused(
                f"{mention.path}:{mention.line}: a macro has {name}, which may mean it where the macro is used"
            )

    def _in_macro(self, mention: Mention) -> bool:
        data = self.index.read(mention.path)
        start = data.rfind(b"\n", 0, mention.span[0]) + 1
        while start > 1 and data[:start].rstrip(b"\r\n").endswith(b"\\"):
            start = data.rfind(b"\n", 0, start - 1) + 1
        line = data[start : mention.span[0]].lstrip()
        parameters = re.match(rb"#\s*define\s+\w+\(([^)]*)\)", line)
        own = parameters is not None and self.symbol.name.encode() in re.findall(rb"\w+", parameters[1])
        return re.match(rb"#\s*(?:define|if|elif)\b", line) is not None and not own

    def check_collisions(self, edits: Mapping[str, Iterable[object]]) -> None:
        """Raises Refused where the new name is taken in the same scope."""
        anywhere = self.language in ("c", "cpp", "bash") and not self.is_member
        for other in self.index.find(self.new):
            if other.kind == "module" or self.index.language(other.path) != self.index.language(self.symbol.path):
                continue
            near = any(dirname(other.path) == dirname(m.path) for m in self.family)
            beside = other.definition.parent == self.symbol.definition.parent
            if not self.is_member and beside and (near or anywhere):
                raise Refused(f"{other.id} (line {other.line}) has that name already; choose another one")

    @property
    def looks_at_words(self) -> bool:
        """Whether a local variable of the new name may hide a renamed member, or be hidden by it."""
        return not self.is_member or self.language in _BARE

    def file_moves(self) -> dict[str, str]:
        """path -> new path of files that have to be called like the class: Java's, and PHP's for autoloading. Raises
        Refused where that place is taken."""
        symbol = self.symbol
        ending = {"java": ".java", "php": ".php"}.get(self.language)
        top = "." not in symbol.qualified and symbol.kind in ("class", "interface", "enum", "type")
        if ending is None or not top or basename(symbol.path) != symbol.name + ending:
            return {}
        new = f"{dirname(symbol.path)}/{self.new}{ending}".removeprefix("/")
        if self.index.file(new) is not None:
            raise Refused(f"{new} exists already, where {symbol.path} would go")
        return {symbol.path: new}


_C = frozenset("c h cc cpp cxx hpp hh hxx inl ipp".split())
