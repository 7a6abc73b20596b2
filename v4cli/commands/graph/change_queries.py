"""v4 graph impact: what depends on what a change touches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import NothingToDo, UsageError
from ...options import Debug, Json, Model, Quiet, Repo, context
from ...rendering import counted, files_at, shown_path, table
from .shared import app, one_symbol

if TYPE_CHECKING:
    from repo_index.impact import Changed
    from repo_index.index import Index

    from ...context import Context

_MANY = 40
"""Above this many changed files the new side is read as a tree of its own, so that its facts are kept."""


@app.command()
def impact(
    things: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PATH|SYMBOL]...", help="Files or symbols that are to change (default: a diff)."),
    ] = None,
    staged: Annotated[bool, typer.Option("--staged", help="What is staged, against HEAD.")] = False,
    range_: Annotated[
        str | None, typer.Option("--range", metavar="A..B", help="The difference of two commits.")
    ] = None,
    depth: Annotated[int, typer.Option("--depth", min=1, max=50, help="How many steps of use to follow.")] = 3,
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """What a change touches and everything that depends on it: definitions, files, tests.

    Without arguments: the work tree against HEAD.
    """
    from repo_index.impact import Changed, affected, changed_definitions

    if sum([bool(things), staged, range_ is not None]) > 1:
        raise UsageError("give one of: paths or symbols, --staged, --range")
    ctx = context(repo, model, json, quiet, debug)
    if things:
        after = before = ctx.index()
        changed = [Changed(s, "named") for t in things for s in _named(ctx, after, t)]
    else:
        before, after, paths = _sides(ctx, staged, range_)
        changed = changed_definitions(before, after, paths)
    found, cut = affected(before, after, changed, depth)
    touched = {c.symbol.path for c in changed}
    files: dict[str, int] = {}
    for a in found:
        files.setdefault(a.symbol.path, a.depth)
    tests = sorted(p for p in {*files, *touched} if after.role(p) == "test" and after.file(p) is not None)
    if json:
        rows = []
        for a in found:
            index = before if after.file(a.symbol.path) is None else after
            through = [{"symbol": u.target.id, **u.place(index)} for u in a.uses]
            row = {"symbol": a.symbol.as_json(), "depth": a.depth, "certainty": a.certainty, "through": through}
            rows.append(row)
        payload: dict[str, Any] = {"changed": [c.as_json() for c in changed], "affected": rows, "depth": depth}
        payload |= {"files": [{"path": p, "depth": d} for p, d in sorted(files.items())], "tests": tests, "cut": cut}
        ctx.output.json("graph impact", payload)
    if not changed:
        raise NothingToDo("no definition differs")
    _print(ctx, changed, found, tests)
    cut_note = "; more is left out" if cut else ""
    ctx.output.note(
        f"{counted(len(changed), 'changed definition')}, {counted(len(found), 'dependent')} in "
        f"{counted(len(files), 'file')}, {counted(len(tests), 'test file')}{cut_note}"
    )


def _print(ctx: Context, changed: list[Changed], found: list[Any], tests: list[str]) -> None:
    out = ctx.output
    out.print("changed:")
    rows = []
    for c in changed:
        s = c.symbol
        what = f"{c.status}, signature too" if c.signature else c.status
        rows.append((f"  {shown_path(s.path)}:{s.line}", s.kind, what, shown_path(s.qualified or "(top of the file)")))
    for line in table(rows):
        out.print(line)
    for distance in sorted({a.depth for a in found}):
        out.print("depends directly:" if distance == 1 else f"depends in {distance} steps:")
        rows = []
        for a in (a for a in found if a.depth == distance):
            use = a.uses[0]
            target = shown_path(use.target.qualified or use.target.path)
            more = f" and {len(a.uses) - 1} more" if len(a.uses) > 1 else ""
            who = shown_path(a.symbol.qualified or "(top of the file)")
            rows.append((f"  {shown_path(use.path)}:{use.line}", a.certainty, who, f"uses {target}{more}"))
        for line in table(rows):
            out.print(line)
    if tests:
        out.print("tests:")
    for path in tests:
        out.print(f"  {shown_path(path)}")


def _named(ctx: Context, index: Index, thing: str) -> list[Any]:
    """A symbol, or the definitions of files."""
    if "::" not in thing and ("/" in thing or index.file(thing) is not None):
        return [s for p in files_at(index, thing) for s in index.symbols(p) if not s.definition.parent]
    return [one_symbol(ctx, index, thing, "graph impact")]


def _sides(ctx: Context, staged: bool, range_: str | None) -> tuple[Index, Index, list[str]]:
    """The index before and after a change, and the paths that differ."""
    from repo_index import Index

    from ...review import changes
    from ...review.git import Git

    git = Git(ctx.root)
    settings = ctx.settings()
    limit = settings.max_file_bytes
    if range_ is not None:
        change = changes.between(git, range_, limit)
    else:
        change = changes.staged(git, limit) if staged else changes.work_tree(git, limit)
    before = Index.of_commit(ctx.root, change.base, exclude=tuple(settings.exclude), max_file_bytes=limit)
    if len(change.files) > _MANY and change.tip:
        after = Index.of_commit(ctx.root, change.tip, exclude=tuple(settings.exclude), max_file_bytes=limit)
    else:
        after = before.with_changes(change.contents())
    return before, after, [f.path for f in change.files]
