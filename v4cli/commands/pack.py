"""v4 pack: the repository as one text under a token budget, for any model or agent."""

from __future__ import annotations

import os
from collections import Counter
from enum import StrEnum
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import NothingToDo, UsageError
from ..options import Debug, Json, Model, Quiet, Repo, context
from ..rendering import counted, repository_paths, shown_path, table
from ..settings import parse_size

if TYPE_CHECKING:
    from repo_index.index import Index
    from repo_index.layout import LayoutStats
    from repo_index.pack import Count, CountMany, Pack

    from ..context import Context

app = typer.Typer(rich_markup_mode=None)

DEFAULT_BUDGET = "1m"
_BYTES_PER_TOKEN = 4


class Order(StrEnum):
    dsa = "dsa"
    path = "path"
    change = "change"


class Tokenizer(StrEnum):
    model = "model"
    bytes = "bytes"


@app.command()
def pack(
    budget: Annotated[
        str,
        typer.Option("--budget", metavar="TOKENS", help="At most this many tokens: 8k, 200k, 1m.", show_default="1m"),
    ] = "",
    question: Annotated[
        str, typer.Option("--for", metavar="QUESTION", help="End with the code that bears on a question.")
    ] = "",
    order: Annotated[
        Order, typer.Option("--order", help="dsa: dependencies before dependents; path; change: rarely changed first.")
    ] = Order.dsa,
    stats: Annotated[bool, typer.Option("--stats", help="Print what each order buys, instead of the pack.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the pack there instead of standard output.")
    ] = None,
    include: Annotated[
        list[str] | None, typer.Option("--include", metavar="GLOB", help="Only these paths. May be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="GLOB", help="Not these paths. May be repeated.")
    ] = None,
    tokenizer: Annotated[
        Tokenizer,
        typer.Option("--tokenizer", help="model: the model's own; bytes: four bytes a token, no model needed."),
    ] = Tokenizer.model,
    block: Annotated[
        int, typer.Option("--block", metavar="TOKENS", min=0, help="Fill each file up to a multiple of this (0: no).")
    ] = 0,
    base: Annotated[
        str,
        typer.Option(
            "--base",
            metavar="COMMIT",
            help="Pack that commit, then the files that differ now: the prefix outlives edits (HEAD is a good choice).",
        ),
    ] = "",
    repo: Repo = None,
    model: Model = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Print the packed context of the repository: files in order, each under a line with its path and lines.

    Files that do not fit appear as their signatures, as one line of names, or not at all; what was left out and
    why goes to standard error and into the --json manifest. Files that may hold secrets are left out, tokens and
    keys inside other files are masked.
    """
    from repo_index.pack import build_pack
    from repo_index.pack_base import build_pack_on
    from repo_index.side_store import TokenCounts

    ctx = context(repo, model, json, quiet, debug)
    limit = parse_size(budget or ctx.settings().budget or DEFAULT_BUDGET, "--budget")
    name, count, count_many = _counter(ctx, tokenizer)
    index = ctx.index()
    counts = TokenCounts(index, name)
    left_aside = [*(exclude or ()), *_itself(index, out)]
    chosen: dict[str, Any] = {"order": order.value, "include": include or (), "exclude": left_aside}
    chosen |= {"question": question or None, "counts": counts, "count_many": count_many}
    if base:
        if block:
            raise UsageError("--base and --block cannot go together")
        made = build_pack_on(_commit(ctx, index, base), index, limit, count, **chosen)
    else:
        made = build_pack(index, limit, count, block=block, **chosen)
    counts.save()
    if not made.segments:
        _refuse(made)
    _note_left_out(ctx, made)
    manifest: dict[str, Any] = {**made.manifest(), "tokenizer": name}
    if stats:
        manifest["stats"] = _stats(index, made)
    if out is not None:
        _write(out, made.render())
        manifest["out"] = str(out)
    if json:
        if not stats and out is None:
            manifest["text"] = made.render()
        ctx.output.json("pack", manifest)
    elif stats:
        for line in _stats_lines(manifest["stats"], made):
            ctx.output.print(line)
    elif out is None:
        ctx.output.raw(made.render())


def _commit(ctx: Context, index: Index, commit: str) -> Index:
    from repo_index.git import GitError
    from repo_index.index import Index

    try:
        chosen = ctx.settings()
        return Index.of_commit(index.root, commit, exclude=chosen.exclude, max_file_bytes=chosen.max_file_bytes)
    except GitError as error:
        raise UsageError(f"--base: {error}") from None


def _itself(index: Index, out: Path | None) -> list[str]:
    """The path of the pack's own file, so that a pack never holds an earlier one."""
    if out is None:
        return []
    try:
        inside = repository_paths(index.root, os.path.abspath(out))[0]
    except UsageError:
        return []
    return [escape(inside)] if index.file(inside) is not None else []


def _counter(ctx: Context, chosen: Tokenizer) -> tuple[str, Count, CountMany | None]:
    """(a name that changes when the counts do, the function that counts, one that counts several texts)."""
    if chosen is Tokenizer.bytes:
        return "bytes", lambda text: -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN), None
    from ..models import model_settings, open_tokenizer

    loaded = open_tokenizer(ctx)
    from model_runtime.catalog import locate

    file = locate(model_settings(ctx).model).stat()
    name = f"{model_settings(ctx).model}:{file.st_size}:{file.st_mtime_ns}"
    return name, loaded.count, loaded.count_many


def _refuse(made: Pack) -> None:
    if not made.left_out:
        raise NothingToDo("nothing to pack: the repository holds no files that git does not ignore, or none match")
    if any(x.reason.startswith("over the budget") for x in made.left_out):
        raise UsageError(f"--budget: {made.budget:,} tokens hold not even a line of the map")
    raise NothingToDo(f"nothing to pack: {_reasons(made)}")


def _reasons(made: Pack) -> str:
    by = Counter(x.reason.split(":")[0] for x in made.left_out if not x.form)
    return ", ".join(f"{number:,} {reason}" for reason, number in sorted(by.items(), key=lambda x: (-x[1], x[0])))


def _note_left_out(ctx: Context, made: Pack) -> None:
    forms: Counter[str] = Counter(s.form for s in made.segments)
    parts = [f"{counted(forms['whole'], 'file')} whole"]
    parts += [
        f"{forms[form]:,} as {what}" for form, what in (("signatures", "signatures"), ("map", "names")) if forms[form]
    ]
    if forms["changed"] or forms["deleted"]:
        parts.append(f"{forms['changed']:,} changed and {forms['deleted']:,} deleted since the base")
    if forms["excerpt"]:
        parts.append(f"{counted(forms['excerpt'], 'excerpt')} for the question")
    ctx.output.note(f"{made.tokens:,} of {made.budget:,} tokens: {', '.join(parts)}")
    reasons = _reasons(made)
    if reasons:
        ctx.output.note(f"left out: {reasons} (--json names them)")
    masked = sum(s.masked for s in made.segments if s.form != "excerpt")
    if masked:
        ctx.output.note(f"masked: {counted(masked, 'secret')}")


def _stats(index: Index, made: Pack) -> dict[str, Any]:
    """Each order over the same files in the same forms."""
    from repo_index.history import change_history
    from repo_index.layout import BLOCK, WINDOW, measure, uses
    from repo_index.pack import arrange

    stable = made.segments[: len(made.segments) - made.tail]
    tokens = {s.path: s.tokens for s in stable if s.form in ("whole", "signatures")}
    paths = sorted(tokens)
    edges = [(e.source, e.target) for e in index.edges() if e.target is not None]
    used = uses(index, paths)
    changes = change_history(index.root)
    found: dict[str, LayoutStats] = {
        order.value: measure(arrange(index, paths, order.value), tokens, edges, used, changes) for order in Order
    }
    inside = len({(a, b) for a, b in edges if a in tokens and b in tokens and a != b})
    return {
        "window": WINDOW,
        "block": BLOCK,
        "files": len(paths),
        "edges": inside,
        "uses": len(used),
        "orders": {name: value.as_json() for name, value in found.items()},
    }


def _stats_lines(stats: dict[str, Any], made: Pack) -> list[str]:
    window = f"{stats['window']:,} tokens"
    names = {
        "edges_before": "import edges with the imported file first",
        "edges_in_window": f"import edges within {window}",
        "uses_in_window": f"uses at most {window} after the definition",
        "mean_use_distance": "mean tokens from a use back to its definition",
        "blocks_touched": f"blocks of {stats['block']:,} tokens touched outside the window, per file",
        "prefix_kept": "prefix kept after an edit of one file, median over files",
        "prefix_kept_by_changes": "  with each file as often as it was committed again",
    }
    orders = stats["orders"]
    rows = [["", *orders]]
    for key, title in names.items():
        values = [orders[name][key] for name in orders]
        rows.append([title, *(_figure(key, value) for value in values)])
    counts = ", ".join(counted(stats[k], k[:-1]) for k in ("files", "edges", "uses"))
    return [f"{made.tokens:,} tokens, {counts}", *table(rows, right=range(1, len(orders) + 1))]


def _figure(key: str, value: float | None) -> str:
    if value is None:
        return "-"
    if key == "blocks_touched":
        return f"{value:.2f}"
    return f"{value:,.0f}" if key == "mean_use_distance" else f"{value:.1%}"


def _write(path: Path, text: str) -> None:
    """Write through a file beside it, so that an interrupted run leaves what was there."""
    if path.is_dir():
        raise UsageError(f"--out: {shown_path(str(path))} is a folder")
    if not path.parent.is_dir():
        raise UsageError(f"--out: there is no folder {shown_path(str(path.parent))}")
    if path.exists() and not path.is_file():  # a pipe or a device
        path.write_bytes(text.encode("utf-8", "replace"))
        return
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        partial.write_bytes(text.encode("utf-8", "replace"))
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
