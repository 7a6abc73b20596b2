"""Every place that names a file as a module: imports in all forms, attribute chains, strings, documents."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from . import text_references
from .facts import ImportFact
from .records import Certainty, Reference, ReferenceKind
from .resolve import Module

if TYPE_CHECKING:
    from .index import Index

_SEGMENT = re.compile(rb"[^\s.]+")
_QUOTES = b"\"'`"
_INDEX_FILE = re.compile(r"(?:^|/)index\.[^/]+\Z")


def module_references(index: Index, path: str) -> list[Reference]:
    """References to a file as a module, sorted. Each span covers the module's own last name, so that replacing it
    renames the module there; for a package that is the folder's name."""
    return _Search(index, path).run()


class _Search:
    def __init__(self, index: Index, path: str) -> None:
        self.index = index
        self.path = path
        self.resolver = index._resolver()
        self.dotted = index.module_name(path) or ""
        stem = path.rsplit("/", 1)[-1]
        if self.dotted:
            self.name = self.dotted.rsplit(".", 1)[-1]
        elif _INDEX_FILE.search(path) and "/" in path:
            self.name = path.rsplit("/", 2)[-2]
        else:
            self.name = stem.split(".", 1)[0]
        self.found: dict[tuple[str, tuple[int, int]], Reference] = {}

    def run(self) -> list[Reference]:
        names, done = {self.name}, set[str]()
        while names - done:
            name = sorted(names - done)[0]
            done.add(name)
            for path in self.index._paths_with(name):
                names |= self._in_file(path, name)
        self._texts()
        return sorted(self.found.values(), key=lambda r: (r.path, r.span))

    def _in_file(self, path: str, name: str) -> set[str]:
        aliases: set[str] = set()
        language = self.index.language(path)
        if language is None:
            return aliases
        for number, fact in enumerate(self.index._imports(path)):
            if language.name == "python":
                self._python_specifier(path, fact)
            else:
                self._path_specifier(path, fact.module, fact.module_span)
            target = self.resolver.imported(path, number)
            if target == Module(self.path):
                if fact.name is not None and fact.name_span is not None and fact.name != "*":
                    self._add(path, fact.name_span, "import", "exact", fact.name)
                if fact.local:
                    aliases.add(fact.local)
        if language.name != "python":
            for export in self.index._exports(path):
                if export.module and export.span is not None:
                    self._exported_specifier(path, export.module, export.span)
        for occurrence in self.index._occurrences(path, {name}):
            if occurrence.binding == "import" and self.resolver.occurrence(path, occurrence) == Module(self.path):
                self._add(path, occurrence.span, occurrence.kind, "exact", occurrence.name)
        return aliases

    def _python_specifier(self, path: str, fact: ImportFact) -> None:
        """Each part of `a.b.c` names a module of its own."""
        start, end = fact.module_span
        written = self.index.read(path)[start:end]
        dots = len(written) - len(written.lstrip(b". \t"))
        prefix = "." * (len(fact.module) - len(fact.module.lstrip(".")))  # strings may leave it out
        parts: list[str] = []
        for match in _SEGMENT.finditer(written, dots):
            parts.append(match[0].decode("utf-8", "replace"))
            if parts[-1] != self.name:
                continue
            target = self.resolver.module(path, prefix + ".".join(parts))
            if target == Module(self.path):
                self._add(path, (start + match.start(), start + match.end()), "import", "exact", parts[-1])

    def _path_specifier(self, path: str, specifier: str, span: tuple[int, int]) -> None:
        if self.resolver.module(path, specifier) != Module(self.path):
            return
        written = self.index.read(path)[span[0] : span[1]]
        bare = written.strip(_QUOTES)
        start = span[0] + (len(written) - len(written.lstrip(_QUOTES)))
        at = bare.rfind(b"/") + 1
        last = bare[at:]
        stem = last.split(b".", 1)[0] if not last.startswith(b".") else last
        if stem.decode("utf-8", "replace") == self.name:
            self._add(path, (start + at, start + at + len(stem)), "import", "exact", self.name)
        elif stem:
            self._add(path, (start + at, start + at + len(stem)), "import", "exact", stem.decode("utf-8", "replace"))

    def _exported_specifier(self, path: str, specifier: str, span: tuple[int, int]) -> None:
        """`export ... from "./x"`: the specifier is the next such string after the exported name."""
        if self.resolver.module(path, specifier) != Module(self.path):
            return
        content = self.index.read(path)
        raw = specifier.encode("utf-8", "surrogateescape")
        for quote in (b'"', b"'"):
            at = content.find(quote + raw + quote, span[0])
            if at >= 0 and b";" not in content[span[0] : at]:
                self._path_specifier(path, specifier, (at, at + len(raw) + 2))
                return

    def _texts(self) -> None:
        """Dotted names and file paths in strings, comments and documents."""
        stem = self.path.rsplit(".", 1)[0].removesuffix("/__init__")
        for path, content, span, kind in text_references.occurrences(self.index, self.name):
            if (path, span) in self.found:
                continue
            head = content[max(0, span[0] - 300) : span[0]].decode("utf-8", "replace")
            prefix = re.search(r"[\w./\\-]*\Z", head)
            before = prefix[0] if prefix is not None else ""
            after = content[span[1] : span[1] + 4]
            certainty = self._mention(stem, before, after)
            if certainty is not None:
                self._add(path, span, kind, certainty, self.name, before + self.name)

    def _mention(self, stem: str, before: str, after: bytes) -> Certainty | None:
        """How sure it is that the module's last name, between these texts, means the module."""
        parent = self.dotted.rpartition(".")[0]
        if parent and before.rsplit("/", 1)[-1].lstrip(".") == parent + ".":
            return "likely"  # pkg.module
        if "/" in before:
            written = before.removeprefix("./").lstrip("/") + self.name
            if stem == written:
                return "likely"  # path/of/module
            return "text" if stem.endswith("/" + written) and after.startswith(b".") else None
        if not parent and self.dotted and not before and re.match(rb"\.[A-Za-z_]", after):
            return "text"  # module.name
        return None

    def _add(
        self,
        path: str,
        span: tuple[int, int],
        kind: ReferenceKind,
        certainty: Certainty,
        name: str,
        via: str = "",
    ) -> None:
        if (path, span) in self.found:
            return
        line, column, end_column = self.index._columns(path, span)
        self.found[path, span] = Reference(path, span, line, column, end_column, kind, certainty, name, via)
