"""What the index answers with: symbols, edges, references, hits. All are plain data with `as_json()` where
the JSON contract of the command line names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .facts import Definition, ImportKind, Span
from .languages.base import ImportState

Role = Literal["source", "test", "doc", "config", "generated"]
Certainty = Literal["exact", "likely", "text"]
ReferenceKind = Literal["definition", "import", "call", "use", "export", "string", "doc", "keyword"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file of the repository. `language` is "text" for text with no grammar, "binary" for what is not text.

    `skipped` says why a file is listed but not read further ("binary", "too large: 51 MB", ...), else "".
    """

    path: str
    blob: str
    size: int
    language: str
    role: Role
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A definition with the file it stands in. `id` is `path::qualified.name` (a module's id is its path)."""

    id: str
    path: str
    definition: Definition

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def qualified(self) -> str:
        return self.definition.qualified

    @property
    def kind(self) -> str:
        return self.definition.kind

    @property
    def line(self) -> int:
        return self.definition.line

    @property
    def end_line(self) -> int:
        return self.definition.end_line

    def as_json(self) -> dict[str, Any]:
        d = self.definition
        return {
            "id": self.id,
            "name": d.name,
            "kind": d.kind,
            "path": self.path,
            "line": d.line,
            "end_line": d.end_line,
            "exported": d.exported,
        }


@dataclass(frozen=True, slots=True)
class ImportEdge:
    source: str
    target: str | None
    module: str
    names: tuple[str, ...]
    line: int
    kind: ImportKind
    state: ImportState

    def as_json(self) -> dict[str, Any]:
        return {
            "from": self.source,
            "to": self.target,
            "module": self.module,
            "names": list(self.names),
            "line": self.line,
            "kind": self.kind,
            "state": self.state,
        }


@dataclass(frozen=True, slots=True)
class Reference:
    """One place that means the symbol. `span` is in bytes; columns count characters from 1, end exclusive.

    `name` is the identifier as it stands there (it differs from the symbol's under an import alias).
    `via` is the qualified name or alias chain that led here, for showing.
    """

    path: str
    span: Span
    line: int
    column: int
    end_column: int
    kind: ReferenceKind
    certainty: Certainty
    name: str
    via: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "line": self.line,
            "column": self.column,
            "end_column": self.end_column,
            "kind": self.kind,
            "certainty": self.certainty,
        }


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result: a definition or, in text files, a window of lines."""

    path: str
    start_line: int
    end_line: int
    score: float
    symbol: str | None = None
    snippet: str = ""
