"""v4 search: definitions and passages for a question or some words."""

from __future__ import annotations

from typing import Annotated

import typer

from ..errors import NothingToDo, UsageError
from ..options import Debug, Json, Model, Quiet, Repo, context
from ..rendering import repository_paths, shown_path, table

app = typer.Typer(rich_markup_mode=None)

_LONGEST = 120


@app.command()
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="A question, some words or a name.")],
    lang: Annotated[
        list[str] | None,
        typer.Option("--lang", metavar="LANGUAGE", help="Only files of this language. May be repeated."),
    ] = None,
    path: Annotated[
        list[str] | None,
        typer.Option("--path", metavar="PATH", help="Only this file, folder or glob. May be repeated."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, help="At most this many results.")] = 10,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Find definitions and passages by words and names, best first.

    Words are matched whatever their ending and case, identifiers by their parts. No model is needed.
    """
    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    languages = _languages(lang, {r.language for r in index.files()})
    paths = [p for given in path or () for p in repository_paths(index.root, given)]
    hits = index.search(query, limit=limit, languages=languages, paths=paths if paths and "" not in paths else None)
    if json:
        found = [
            {
                "path": h.path,
                "line": h.start_line,
                "end_line": h.end_line,
                "symbol": h.symbol,
                "score": h.score,
                "snippet": h.snippet,
            }
            for h in hits
        ]
        ctx.output.json("search", {"query": query, "hits": found})
    if not hits:
        raise NothingToDo("nothing is found by these words")
    rows = [(f"{shown_path(h.path)}:{h.start_line}-{h.end_line}", h.snippet[:_LONGEST]) for h in hits]
    ctx.output.lines(table(rows))


def _languages(given: list[str] | None, held: set[str]) -> list[str] | None:
    """The languages asked for, in lower case. Raises UsageError for one that no file has."""
    if not given:
        return None
    wanted = [g.lower() for g in given]
    for name in wanted:
        if name not in held:
            raise UsageError(f"no file is of the language {name}; there are {', '.join(sorted(held))}")
    return wanted
