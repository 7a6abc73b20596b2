"""v4 graph dead, api: what nothing uses, and what others may use."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer

from ...errors import NothingToDo
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import counted, files_at, shown_path, table
from .shared import PathArgument, app, written_signature


@app.command()
def dead(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="[PATH]...", help="Files and folders to report on (default: all).")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Also what something may use: low certainty, with what speaks for it.")
    ] = False,
    application: Annotated[
        bool, typer.Option("--application", help="Nobody imports this repository: its public names count too.")
    ] = False,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Candidates for dead code: definitions that nothing leads to. Look before you delete.

    Roots are code at the top of files, tests, decorated definitions and, without --application, the public API.
    """
    from repo_index.dead_code import dead_code

    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    wanted = [p for given in paths for p in files_at(index, given)] if paths else None
    found = dead_code(index, wanted, application=application)
    shown = [c for c in found if every or c.certainty != "low"]
    by = Counter(c.certainty for c in found)
    if json:
        counts = {level: by[level] for level in ("high", "medium", "low")}
        ctx.output.json("graph dead", {"candidates": [c.as_json() for c in shown], "counts": counts})
    hidden = f"{by['low']:,} more may be used by name (--all)" if by["low"] and not every else ""
    if not shown:
        raise NothingToDo("no candidates for dead code" + (f"; {hidden}" if hidden else ""))
    rows = []
    for c in shown:
        s = c.symbol
        rows.append((f"{shown_path(s.path)}:{s.line}", c.certainty, s.kind, shown_path(s.qualified), c.reason))
    ctx.output.lines(table(rows))
    ctx.output.note(f"{counted(len(shown), 'candidate')}" + (f"; {hidden}" if hidden else ""))


@app.command()
def api(
    package: PathArgument,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """The public API of a package: names that others can import, and where they are defined."""
    from repo_index.public_api import public_api

    ctx = context(repo, model, json, quiet, debug)
    index = ctx.index()
    files = files_at(index, package)
    found = public_api(index, files)
    if json:
        ctx.output.json("graph api", {"files": files, "names": [n.as_json() for n in found]})
    if not found:
        raise NothingToDo(f"{shown_path(package)} offers no public names")
    rows = []
    for n in found:
        s = n.symbol
        name = shown_path(f"{n.module}.{n.name}" if s.path.endswith((".py", ".pyi")) else f"{n.module}: {n.name}")
        rows.append((f"{shown_path(s.path)}:{s.line}", s.kind, name, shown_path(written_signature(s))))
    ctx.output.lines(table(rows))
    modules = len({n.module for n in found})
    ctx.output.note(f"{counted(len(found), 'name')} in {counted(modules, 'module')}")
