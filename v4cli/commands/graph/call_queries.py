"""v4 graph callers, callees, path: who uses whom, directly and through others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import NothingToDo
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import SourceLines, counted, files_at, repository_paths, shown_path, table
from .shared import SymbolArgument, app, one_symbol

if TYPE_CHECKING:
    from repo_index.call_graph import Use
    from repo_index.index import Index
    from repo_index.records import Symbol

    from ...context import Context

Transitive = Annotated[bool, typer.Option("--transitive", help="Also through others, nearest first.")]
Depth = Annotated[int | None, typer.Option("--depth", min=1, help="With --transitive: at most so many steps away.")]


@app.command()
def callers(
    symbol: SymbolArgument,
    transitive: Transitive = False,
    depth: Depth = None,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Which definitions call or use a symbol, and where."""
    ctx = context(repo, model, json, quiet, debug)
    _show(ctx, symbol, "callers", transitive, depth)


@app.command()
def callees(
    symbol: SymbolArgument,
    transitive: Transitive = False,
    depth: Depth = None,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Which symbols of the repository a definition calls or uses, and where."""
    ctx = context(repo, model, json, quiet, debug)
    _show(ctx, symbol, "callees", transitive, depth)


def _show(ctx: Context, spec: str, what: str, transitive: bool, depth: int | None) -> None:
    from repo_index.call_graph import CallGraph

    index = ctx.index()
    found = one_symbol(ctx, index, spec, f"graph {what}")
    upward = what == "callers"
    levels = CallGraph(index).levels(found, upward=upward, depth=depth if transitive else 1)
    groups: dict[str, dict[str, Any]] = {}
    for distance, uses in enumerate(levels, 1):
        for use in uses:
            other, near = (use.source, use.target) if upward else (use.target, use.source)
            group = groups.setdefault(other.id, {"symbol": other.as_json(), "depth": distance, "through": []})
            place = {"symbol": near.id, **use.place(index)}
            if place not in group["through"]:
                group["through"].append(place)
    if ctx.output.as_json:
        payload = {"symbol": found.as_json(), "transitive": transitive, what: list(groups.values())}
        ctx.output.json(f"graph {what}", payload)
    if not groups:
        verb = "nothing in the repository calls or uses" if upward else "nothing of the repository is used by"
        raise NothingToDo(f"{verb} {shown_path(found.id)}")
    lines = SourceLines(index)
    rows = []
    for distance, uses in enumerate(levels, 1):
        for use in uses:
            row = [_place(index, use), use.kind, use.certainty, _name(use.source if upward else use.target)]
            rows.append([*([str(distance)] if transitive else []), *row, lines(use.path, use.line)])
    ctx.output.lines(table(rows))
    files = {g["symbol"]["path"] for g in groups.values()}
    ctx.output.note(f"{counted(len(groups), 'symbol')} in {counted(len(files), 'file')}")


def _place(index: Index, use: Use) -> str:
    line, column, _ = index._columns(use.path, use.span)
    return f"{shown_path(use.path)}:{line}:{column}"


def _name(symbol: Symbol) -> str:
    return shown_path(symbol.qualified or symbol.path)


@app.command()
def path(
    source: Annotated[str, typer.Argument(metavar="FROM", help="A file or module, or the symbol that calls.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="A file or module, or the symbol that is called.")],
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The shortest chain of imports from one file to another, or of calls from one symbol to another."""
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    if not (_names_files(index, source) and _names_files(index, target)):
        _call_path(ctx, index, source, target)
        return
    from repo_index.graph import path_between

    chain = path_between(index, files_at(index, source), set(files_at(index, target)))
    if json:
        ctx.output.json("graph path", {"imports": [e.as_json() for e in chain]})
    if not chain:
        raise NothingToDo(f"no chain of imports leads from {shown_path(source)} to {shown_path(target)}")
    lines = SourceLines(index)
    rows = [
        (f"{shown_path(e.source)}:{e.line}", shown_path(e.target or ""), e.kind, lines(e.source, e.line)) for e in chain
    ]
    ctx.output.lines(table(rows))


def _names_files(index: Index, given: str) -> bool:
    """Whether an end of a path is a file, a folder or a module, not a symbol."""
    from repo_index.symbols import AmbiguousSymbol, UnknownSymbol

    if "::" in given:
        return False
    if "/" in given or any(index.file(p) is not None for p in repository_paths(index.root, given)):
        return True
    try:
        return index.symbol(given).kind == "module"
    except AmbiguousSymbol:
        return False
    except UnknownSymbol:
        return not index.find(given.rsplit(".", 1)[-1])


def _call_path(ctx: Context, index: Index, source: str, target: str) -> None:
    from repo_index.call_graph import CallGraph

    ends = [
        one_symbol(ctx, index, files_at(index, end)[0] if _names_files(index, end) else end, "graph path")
        for end in (source, target)
    ]
    chain = CallGraph(index).path(*ends)
    if ctx.output.as_json:
        steps = [{"from": u.source.as_json(), "to": u.target.as_json(), **u.place(index)} for u in chain]
        ctx.output.json("graph path", {"from": ends[0].as_json(), "to": ends[1].as_json(), "calls": steps})
    if not chain:
        raise NothingToDo(f"no chain of calls leads from {shown_path(ends[0].id)} to {shown_path(ends[1].id)}")
    lines = SourceLines(index)
    rows = [
        (_place(index, u), f"{_name(u.source)} -> {_name(u.target)}", u.kind, u.certainty, lines(u.path, u.line))
        for u in chain
    ]
    ctx.output.lines(table(rows))
