"""v4 graph export: the graph for other programs and for people."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import UsageError
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import files_at, shown_path
from .shared import app

if TYPE_CHECKING:
    from repo_index.index import Index


class ExportFormat(StrEnum):
    json = "json"
    dot = "dot"
    mermaid = "mermaid"
    html = "html"


class Level(StrEnum):
    file = "file"
    folder = "folder"


@app.command()
def export(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Only these files and folders (default: all).")
    ] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="json, dot (Graphviz), mermaid, or html: one page to look at.")
    ] = ExportFormat.json,
    level: Annotated[Level, typer.Option("--level", help="dot and mermaid: draw files or folders.")] = Level.file,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write to a file.")] = None,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The graph of files, symbols and imports, for other programs or to look at. --json means --format json.

    The page of --format html needs no network: it opens from disk, with search, filters and folders that unfold.
    """
    as_json = json or form is ExportFormat.json
    ctx = context(repo, model, as_json and out is None, quiet, debug)
    index = ctx.index()
    chosen = {p for given in paths for p in files_at(index, given)} if paths else {r.path for r in index.files()}
    if as_json:
        document = graph_document(index, chosen)
        if out is None:
            ctx.output.json("graph export", document)
            return
        import json as json_module

        text = json_module.dumps({"schema": 1, "command": "graph export", **document}, ensure_ascii=False, indent=2)
    elif form is ExportFormat.html:
        from ...graph_page import page

        text = page(index, chosen)
    else:
        draw = _dot if form is ExportFormat.dot else _mermaid
        pairs = sorted({(e.source, e.target) for e in index.edges() if e.source in chosen and e.target in chosen})
        if level is Level.folder:
            folders = {p: p.rpartition("/")[0] or "." for p in chosen}
            pairs = sorted({(folders[a], folders[b or ""]) for a, b in pairs if folders[a] != folders[b or ""]})
            names = sorted(set(folders.values()))
        else:
            names = sorted(chosen)
        text = "\n".join(draw(names, pairs)) + "\n"
    if out is None:
        ctx.output.raw(text)
        return
    try:
        out.write_bytes(text.encode("utf-8", "surrogateescape" if form is not ExportFormat.html else "replace"))
    except OSError as error:
        raise UsageError(f"--out: {out} cannot be written: {error.strerror}") from None
    ctx.output.note(f"{out}: {len(text):,} characters")


def graph_document(index: Index, chosen: set[str]) -> dict[str, Any]:
    """The graph of some files: {"files": [...], "imports": [...]}."""
    symbols: dict[str, list[dict[str, Any]]] = {}
    for s in index.symbols():
        row = {key: value for key, value in s.as_json().items() if key != "path"}
        symbols.setdefault(s.path, []).append(row)
    files = [
        {"path": r.path, "language": r.language, "role": r.role, "symbols": symbols.get(r.path, [])}
        for r in index.files()
        if r.path in chosen
    ]
    return {"files": files, "imports": [e.as_json() for e in index.edges() if e.source in chosen]}


def _quoted(path: str) -> str:
    return '"' + shown_path(path).replace("\\", "\\\\").replace('"', '\\"') + '"'


def _dot(paths: list[str], pairs: list[tuple[str, str]]) -> list[str]:
    linked = {p for pair in pairs for p in pair}
    nodes = [f"  {_quoted(p)};" for p in paths if p in linked]
    edges = [f"  {_quoted(a)} -> {_quoted(b)};" for a, b in pairs]
    return ["digraph imports {", "  rankdir=LR;", "  node [shape=box];", *nodes, *edges, "}"]


def _mermaid(paths: list[str], pairs: list[tuple[str, str]]) -> list[str]:
    linked = {p for pair in pairs for p in pair}
    number = {p: n for n, p in enumerate(p for p in paths if p in linked)}

    def label(path: str) -> str:
        return shown_path(path).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("#", "&num;")

    nodes = [f'  f{n}["{label(p)}"]' for p, n in number.items()]
    return ["flowchart LR", *nodes, *(f"  f{number[a]} --> f{number[b]}" for a, b in pairs)]
