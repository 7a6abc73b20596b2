"""v4 graph imports, importers, cycles: between files."""

from __future__ import annotations

from typing import Annotated

import typer

from ...errors import NothingToDo
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import SourceLines, counted, files_at, shown_path, table
from .shared import PathArgument, app


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
    ctx.output.lines(table(rows))


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
    ctx.output.lines(table([(f"{shown_path(e.source)}:{e.line}", e.kind, lines(e.source, e.line)) for e in edges]))
    ctx.output.note(f"{counted(len(files), 'file')}")


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
    found = find_cycles([r.path for r in index.files()], [(e.source, e.target or "") for e in edges if e.module])
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
        ctx.output.lines(table(rows))
