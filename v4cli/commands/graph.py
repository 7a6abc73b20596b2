"""v4 graph: query the graph of imports, definitions and references."""

from __future__ import annotations

from collections import Counter, deque
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from ..errors import NothingToDo
from ..options import Debug, Json, Model, Quiet, Repo, context
from ..rendering import (
    SourceLines,
    candidate_lines,
    close_to,
    counted,
    did_you_mean,
    files_at,
    shown_path,
    table,
)

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import ImportEdge, Symbol

    from ..context import Context

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Query the graph: imports, importers, definitions, references, cycles; export it.\n\n"
    "Exact answers from the source, without a model. Exit 1 when nothing is found.",
)

PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="A file or folder, from the current folder or the root; or a module name.")
]
SymbolArgument = Annotated[
    str, typer.Argument(metavar="SYMBOL", help="path::qualified.name, pkg.module.name, or a name that is unique.")
]


@app.command()
def imports(
    path: PathArgument,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """What a file imports, and where each import leads."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    sources = files_at(index, path)
    edges = [edge for source in sources for edge in index.imports(source)]
    if json:
        ctx.output.json("graph imports", {"files": sources, "imports": [e.as_json() for e in edges]})
    if not edges:
        raise NothingToDo(f"{shown_path(path)} imports nothing")
    lines = SourceLines(index)
    rows = [
        (f"{shown_path(e.source)}:{e.line}", e.kind, e.state, shown_path(e.target or e.module), lines(e.source, e.line))
        for e in edges
    ]
    for line in table(rows):
        ctx.output.print(line)


@app.command()
def importers(
    path: PathArgument,
    transitive: Annotated[bool, typer.Option("--transitive", help="Also importers of importers.")] = False,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Which files import a file."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    targets = files_at(index, path)
    inside = set(targets)
    edges = list(dict.fromkeys(e for t in targets for e in index.importers(t, transitive=transitive)))
    if len(targets) > 1:  # of a folder: what comes from outside it
        edges = [e for e in edges if e.source not in inside]
    edges.sort(key=lambda e: (e.source, e.line, e.module, e.names))
    files = sorted({e.source for e in edges})
    if json:
        payload = {"files": targets, "transitive": transitive, "importers": files}
        ctx.output.json("graph importers", {**payload, "imports": [e.as_json() for e in edges]})
    if not edges:
        raise NothingToDo(f"nothing in the repository imports {shown_path(path)}")
    lines = SourceLines(index)
    for line in table([(f"{shown_path(e.source)}:{e.line}", e.kind, lines(e.source, e.line)) for e in edges]):
        ctx.output.print(line)
    ctx.output.note(f"{counted(len(files), 'file')}")


@app.command()
def defs(
    name: Annotated[str, typer.Argument(metavar="NAME|PATH", help="A name, a symbol, or a file.")],
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Where a name is defined, or what a file defines."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    found = _definitions(index, name)
    if json:
        ctx.output.json("graph defs", {"definitions": [s.as_json() for s in found]})
    if not found:
        close = close_to(name, index.names())
        raise NothingToDo(f"nothing is defined as {shown_path(name)}{did_you_mean(close)}")
    lines = SourceLines(index)
    rows = [(f"{shown_path(s.path)}:{s.line}", s.kind, shown_path(s.qualified), lines(s.path, s.line)) for s in found]
    for line in table(rows):
        ctx.output.print(line)


def _definitions(index: Index, name: str) -> list[Symbol]:
    from repo_index.symbols import AmbiguousSymbol, UnknownSymbol

    if "/" in name or index.file(name) is not None:
        path, _, qualified = name.partition("::")
        if not qualified:
            return [s for p in files_at(index, path) for s in index.symbols(p)]
    found = index.find(name)
    if found:
        return found
    try:
        return [index.symbol(name)]
    except AmbiguousSymbol as error:
        return sorted(error.candidates, key=lambda s: (s.path, s.line, s.qualified))
    except UnknownSymbol:
        pass
    try:
        return [s for p in files_at(index, name) for s in index.symbols(p)]
    except NothingToDo:
        return []


@app.command()
def refs(
    symbol: SymbolArgument,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Every place that means a symbol: exact, likely, and text that names it."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    found = one_symbol(ctx, index, symbol, "graph refs")
    references = index.references(found)
    if json:
        payload = {"symbol": found.as_json(), "references": [r.as_json() for r in references]}
        ctx.output.json("graph refs", payload)
        return
    lines = SourceLines(index)
    rows = [
        (f"{shown_path(r.path)}:{r.line}:{r.column}", r.kind, r.certainty, lines(r.path, r.line)) for r in references
    ]
    for line in table(rows):
        ctx.output.print(line)
    by = Counter(r.certainty for r in references)
    files = len({r.path for r in references})
    certainties = ", ".join(f"{by[c]:,} {c}" for c in ("exact", "likely", "text") if by[c])
    ctx.output.note(f"{counted(len(references), 'reference')} in {counted(files, 'file')}: {certainties}")


def one_symbol(ctx: Context, index: Index, spec: str, command: str) -> Symbol:
    """The symbol that `spec` means; the path part may be relative to the current folder.

    Raises NothingToDo, after listing candidates, when there is none or more than one.
    """
    from repo_index.symbols import AmbiguousSymbol, UnknownSymbol

    path, separator, qualified = spec.partition("::")
    if separator:
        spec = f"{files_at(index, path)[0]}::{qualified}"
    try:
        return index.symbol(spec)
    except AmbiguousSymbol as error:
        candidates = sorted(error.candidates, key=lambda s: (s.path, s.line, s.qualified))
        if ctx.output.as_json:
            ctx.output.json(command, {"symbol": None, "candidates": [s.as_json() for s in candidates]})
        for line in candidate_lines(candidates):
            ctx.output.print(line)
        message = f"{shown_path(spec)} is defined {counted(len(candidates), 'time')}; name one as path::qualified.name"
        raise NothingToDo(message) from None
    except UnknownSymbol:
        _unknown(ctx, index, spec, command)


def _unknown(ctx: Context, index: Index, spec: str, command: str) -> NoReturn:
    path, separator, qualified = spec.partition("::")
    names = {s.qualified for s in index.symbols(path)} if separator else index.names()
    close = close_to(qualified or path, names)
    if ctx.output.as_json:
        ctx.output.json(command, {"symbol": None, "candidates": [], "close": close})
    raise NothingToDo(f"no symbol is called {shown_path(spec)}{did_you_mean(close)}")


@app.command()
def path(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The importing file or module.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The imported file or module.")],
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The shortest chain of imports from one file to another."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    chain = _chain(index, files_at(index, source), set(files_at(index, target)))
    if json:
        ctx.output.json("graph path", {"imports": [e.as_json() for e in chain]})
    if not chain:
        raise NothingToDo(f"no chain of imports leads from {shown_path(source)} to {shown_path(target)}")
    lines = SourceLines(index)
    rows = [
        (f"{shown_path(e.source)}:{e.line}", shown_path(e.target or ""), e.kind, lines(e.source, e.line)) for e in chain
    ]
    for line in table(rows):
        ctx.output.print(line)


def _chain(index: Index, sources: list[str], targets: set[str]) -> list[ImportEdge]:
    came: dict[str, ImportEdge | None] = dict.fromkeys(sources)
    waiting = deque(sources)
    while waiting:
        at = waiting.popleft()
        for edge in index.imports(at):
            if edge.target is None or edge.target in came:
                continue
            came[edge.target] = edge
            waiting.append(edge.target)
            if edge.target in targets:
                chain = [edge]
                while (before := came[chain[0].source]) is not None:
                    chain.insert(0, before)
                return chain
    return []


@app.command()
def cycles(
    every: Annotated[
        bool, typer.Option("--all", help="Count imports for types only and inside functions too.")
    ] = False,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Groups of files that import each other in a circle when they are loaded."""
    from repo_index.order import cycles as find_cycles

    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    edges = [e for e in index.edges() if e.target is not None and (every or e.kind not in ("type", "lazy"))]
    found = find_cycles([r.path for r in index.files()], [(e.source, e.target or "") for e in edges])
    if json:
        groups = []
        for files in found:
            inside = set(files)
            between = [e for e in edges if e.source in inside and e.target in inside]
            groups.append({"files": files, "imports": [e.as_json() for e in between]})
        ctx.output.json("graph cycles", {"cycles": groups})
    if not found:
        raise NothingToDo("no import cycles")
    for number, files in enumerate(found, 1):
        ctx.output.print(f"cycle {number}: {counted(len(files), 'file')}")
        inside = set(files)
        rows = [
            (f"  {shown_path(e.source)}:{e.line}", shown_path(e.target or ""), e.kind)
            for e in edges
            if e.source in inside and e.target in inside
        ]
        for line in table(rows):
            ctx.output.print(line)


class ExportFormat(StrEnum):
    json = "json"
    dot = "dot"
    mermaid = "mermaid"


@app.command()
def export(
    form: Annotated[
        ExportFormat, typer.Option("--format", help="json, dot (Graphviz) or mermaid.")
    ] = ExportFormat.json,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The graph of files, symbols and imports for other programs. --json means --format json."""
    as_json = json or form is ExportFormat.json
    ctx = context(repo, model, as_json, quiet, debug)
    index = ctx.index()
    if as_json:
        ctx.output.json("graph export", graph_document(index))
        return
    draw = _dot if form is ExportFormat.dot else _mermaid
    pairs = sorted({(e.source, e.target) for e in index.edges() if e.target is not None})
    ctx.output.raw("\n".join(draw([r.path for r in index.files()], pairs)) + "\n")


def graph_document(index: Index) -> dict[str, Any]:
    """The whole graph: {"files": [...], "imports": [...]}."""
    symbols: dict[str, list[dict[str, Any]]] = {}
    for s in index.symbols():
        row = {key: value for key, value in s.as_json().items() if key != "path"}
        symbols.setdefault(s.path, []).append(row)
    files = [
        {"path": r.path, "language": r.language, "role": r.role, "symbols": symbols.get(r.path, [])}
        for r in index.files()
    ]
    return {"files": files, "imports": [e.as_json() for e in index.edges()]}


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
