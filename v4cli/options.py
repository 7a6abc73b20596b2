"""Options that commands share, spelled once. A command takes them as parameters and calls `context(...)`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import Output
from .context import Context

Repo = Annotated[
    Path | None,
    typer.Option("--repo", metavar="PATH", help="The repository (default: the one around the current folder)."),
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|PATH", help="A model of `v4 model list`, or a GGUF file."),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Read prompts anew, and keep nothing of them (as V4_CACHE=0).")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks and timings.")]


def context(
    repo: Path | None, model: str | None, json: bool, quiet: bool, debug: bool, no_cache: bool = False
) -> Context:
    output = Output(as_json=json, quiet=quiet, debug=debug)
    return Context(repo=repo, model=model, no_cache=no_cache, output=output)
