"""v4 graph defs, refs: where a name is defined and where it is meant."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import NothingToDo
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import SourceLines, close_to, counted, did_you_mean, files_at, shown_path, table
from .shared import SymbolArgument, app, one_symbol

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol


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
    ctx.output.lines(table(rows))


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
    ctx.output.lines(table(rows))
    by = Counter(r.certainty for r in references)
    files = len({r.path for r in references})
    certainties = ", ".join(f"{by[c]:,} {c}" for c in ("exact", "likely", "text") if by[c])
    ctx.output.note(f"{counted(len(references), 'reference')} in {counted(files, 'file')}: {certainties}")
