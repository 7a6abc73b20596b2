"""The group, the arguments that its commands share, and how a symbol is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ...errors import NothingToDo
from ...rendering import candidate_lines, close_to, counted, did_you_mean, files_at, shown_path

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.records import Symbol

    from ...context import Context

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Query the graph: imports, definitions, references, calls, dead code, impact; draw it.\n\n"
    "Exact answers from the source, without a model. Exit 1 when nothing is found.",
)

PathArgument = Annotated[
    str, typer.Argument(metavar="PATH", help="A file or folder, from the current folder or the root; or a module name.")
]
SymbolArgument = Annotated[
    str, typer.Argument(metavar="SYMBOL", help="path::qualified.name, pkg.module.name, or a name that is unique.")
]


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


def written_signature(symbol: Symbol) -> str:
    """The first line of a definition, cut to what fits a terminal."""
    text = " ".join(symbol.definition.signature.split())
    return text if len(text) <= 120 else text[:119] + "…"
