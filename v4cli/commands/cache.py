"""v4 cache: show or clear what is kept between runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import EnvironmentLacks, Refused
from ..options import Debug, Json, Quiet, Repo, context
from ..rendering import counted, shown_path, table

if TYPE_CHECKING:
    from ..context import Context

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    add_completion=False,
    help="Show or clear what is kept between runs: prompts that a model has read, the index of the repository.\n\n"
    "All of it is made again when needed. Models are kept by `v4 model`, and never cleared here.",
)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _index_folders(ctx: Context) -> list[Path]:
    """Where the index of the repository is kept; empty outside of repositories, unless --repo names one."""
    from repo_index.stored_files import folders

    try:
        return folders(ctx.root)
    except EnvironmentLacks:
        if ctx.repo is not None:
            raise
        return []


def _entry(kind: str, what: str, path: Path, files: int, size: int, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "what": what, "path": str(path), "files": files, "bytes": size, **more}


def _entries(ctx: Context) -> list[dict[str, Any]]:
    from model_runtime.cache.disk_space import allowance, prefix_folder, usage
    from model_runtime.catalog import cache_root
    from repo_index.stored_files import files

    from ..models import cache_bytes

    prompts = prefix_folder()
    most = cache_bytes(ctx.settings(repository=False))
    allowed = allowance(prompts, most) if prompts.is_dir() else most
    found = [_entry("prefix", "prompts that models have read", prompts, *usage(prompts), most_bytes=allowed)]
    for folder in _index_folders(ctx):
        databases = files(folder)
        size = sum(path.stat().st_size for path in databases)
        found.append(_entry("index", "index of this repository", folder, len(databases), size))
    for kind, what in (
        ("index-elsewhere", "indexes of repositories that could not be written"),
        ("weights", "weights as packed for this machine"),
        ("models", "models"),
    ):
        folder = cache_root() / {"index-elsewhere": "index", "weights": "repacked"}.get(kind, kind)
        found.append(_entry(kind, what, folder, *usage(folder)))
    return found


@app.command()
def info(repo: Repo = None, json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Say what is kept, where, and how large it is."""
    ctx = context(repo, None, json, quiet, debug)
    entries = _entries(ctx)
    if json:
        ctx.output.json("cache info", {"entries": entries})
        return
    rows = []
    for entry in entries:
        most = f"of {_megabytes(entry['most_bytes'])} at most" if entry.get("most_bytes") else ""
        if entry["kind"] == "prefix" and not most:
            most = "(switched off)"
        files = counted(entry["files"], "file")
        rows.append([entry["what"], files, _megabytes(entry["bytes"]), most, shown_path(entry["path"])])
    ctx.output.lines(table(rows, right=(1, 2)))


@app.command()
def clear(
    prefix: Annotated[bool, typer.Option("--prefix", help="Only the prompts that models have read.")] = False,
    index: Annotated[bool, typer.Option("--index", help="Only the index of the repository.")] = False,
    repo: Repo = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Remove prompts and the index of the repository; with --prefix or --index, only these. Models stay.

    Exit 3: another process uses the index; the prompts are removed all the same.
    """
    from model_runtime.cache import disk_space
    from repo_index import stored_files

    ctx = context(repo, None, json, quiet, debug)
    everything = prefix == index
    folders = _index_folders(ctx) if index or everything else []
    removed = []
    if prefix or everything:
        folder = disk_space.prefix_folder()
        removed.append(("prefix", folder, disk_space.clear(folder)))
    try:
        removed += [("index", folder, stored_files.clear(folder)) for folder in folders]
    except stored_files.IndexInUse as error:
        raise Refused(f"{error}: run this again when it has ended") from None
    if json:
        rows = [{"kind": kind, "path": str(folder), "bytes": size} for kind, folder, size in removed]
        ctx.output.json("cache clear", {"removed": rows})
    for kind, folder, size in removed:
        what = "prompts" if kind == "prefix" else "index"
        ctx.output.print(f"{what}: {_megabytes(size)} freed in {shown_path(str(folder))}")
