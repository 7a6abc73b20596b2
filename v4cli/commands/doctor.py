"""v4 doctor: what this machine has, what is missing, which models fit."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import typer

from ..errors import ExitCode
from ..options import Debug, Json, Quiet, context

app = typer.Typer(add_completion=False)

#: distributions without which a command fails -> what they are for
_NEEDED = {
    "torch": "runs the model",
    "numpy": "runs the model",
    "tokenizers": "reads text for the model",
    "llguidance": "keeps plans to their grammar",
    "tree-sitter": "parses source files",
    "tree-sitter-python": "parses Python",
    "tree-sitter-javascript": "parses JavaScript",
    "tree-sitter-typescript": "parses TypeScript",
    "huggingface_hub": "fetches models",
}
#: instruction sets of /proc/cpuinfo that matter to matrix products, slowest first
_INSTRUCTIONS = (
    ("avx2", "AVX2"),
    ("avx512f", "AVX-512"),
    ("avx512_vnni", "AVX-512 VNNI (int8)"),
    ("avx_vnni", "AVX-VNNI (int8)"),
    ("avx512_bf16", "AVX-512 BF16"),
    ("amx_bf16", "AMX BF16"),
    ("asimd", "NEON"),
    ("asimddp", "NEON dot product (int8)"),
    ("bf16", "NEON BF16"),
)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    state: Literal["ok", "note", "missing"]
    """"missing": something required is not there; "note": worth knowing, nothing fails."""
    detail: str


@app.command()
def doctor(json: Json = False, quiet: Quiet = False, debug: Debug = False) -> None:
    """Say what this machine has, what is missing, and which models fit. Exit 4 if something required is missing."""
    ctx = context(None, None, json, quiet, debug)
    checks = [_python(), _git(), *_packages(), _processor(), _memory(), _disk()]
    models = _models()
    missing = [check.name for check in checks if check.state == "missing"]
    if json:
        ctx.output.json("doctor", {"ok": not missing, "checks": [asdict(check) for check in checks], "models": models})
    else:
        for check in checks:
            ctx.output.print(f"{check.state:<8} {check.name:<14} {check.detail}")
        ctx.output.print()
        for model in models:
            state = "here" if model["present"] else "not here"
            ctx.output.print(f"{'model':<8} {model['name']:<20} {state:<9} {model['verdict']}")
        if missing:
            ctx.output.note(f"missing: {', '.join(missing)}")
    raise typer.Exit(ExitCode.ENVIRONMENT if missing else ExitCode.OK)


def _python() -> Check:
    version = platform.python_version()
    fits = sys.version_info >= (3, 11)
    return Check("Python", "ok" if fits else "missing", f"{version}, {sys.platform} {platform.machine()}")


def _git() -> Check:
    try:
        said = subprocess.run(["git", "--version"], capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return Check("git", "missing", "not found on PATH: install git 2.30 or later")
    version = said.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    if numbers < [2, 30]:
        return Check("git", "note", f"{version}: 2.30 or later is what v4 is tested with")
    return Check("git", "ok", version)


def _packages() -> list[Check]:
    found, missing = [], []
    for name, use in _NEEDED.items():
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(Check(name, "missing", f"not installed ({use}): pip install {name}"))
    return [Check("packages", "ok", ", ".join(found)), *missing]


def _cpu_facts() -> tuple[str, set[str]]:
    """(model name, instruction-set flags) as the Linux kernel tells them; flags are empty elsewhere."""
    name, flags = platform.processor() or platform.machine(), set[str]()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return name, flags
    for line in lines:
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in ("flags", "Features"):
            return name, set(value.split())
    return name, flags


def _processor() -> Check:
    from model_runtime.placement import processors

    name, flags = _cpu_facts()
    sets = [label for flag, label in _INSTRUCTIONS if flag in flags]
    detail = f"{name}; {processors()} cores to use of {os.cpu_count()}; {', '.join(sets) or 'instruction sets unknown'}"
    if flags and not flags & {"avx2", "asimd"}:
        return Check("processor", "note", f"{detail}; without AVX2 a model runs slowly")
    return Check("processor", "ok", detail)


def _memory() -> Check:
    import psutil

    from model_runtime.placement import available_memory

    total, free = psutil.virtual_memory().total, available_memory()
    return Check("memory", "ok", f"{free / 1e9:.1f} GB to use of {total / 1e9:.1f} GB")


def _disk() -> Check:
    from model_runtime.catalog import cache_root

    root = cache_root()
    place = next((p for p in (root, *root.parents) if p.is_dir()), Path("/"))
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        return Check("disk", "note", f"{root}: {error.strerror}")
    writable = os.access(place, os.W_OK)
    detail = f"{free / 1e9:.1f} GB free at {root}"
    if not writable:
        return Check("disk", "note", f"{detail}, which cannot be written to: set V4_CACHE_DIR")
    return Check("disk", "ok", detail)


def _models() -> list[dict[str, Any]]:
    """What each model of the catalogue needs, and whether it fits the memory that is free now."""
    from model_runtime.catalog import ENTRIES, path_of
    from model_runtime.placement import available_memory

    from ..errors import V4Error
    from ..models import describe

    free = available_memory()
    found = []
    for entry in ENTRIES.values():
        path = path_of(entry)
        present = path.is_file() and path.stat().st_size == entry.bytes
        needed = entry.bytes * 3 // 2
        try:
            needed = describe(path)["memory_bytes"] if present else needed
            fits = needed <= free
            verdict = f"needs about {needed / 1e9:.1f} GB: {'fits' if fits else 'does not fit the memory to use'}"
        except V4Error as error:
            fits, verdict = False, str(error)
        if not present:
            verdict += f"; run `v4 model pull {entry.name}` ({entry.bytes / 1e6:,.0f} MB)"
        found.append({"name": entry.name, "present": present, "memory_bytes": needed, "fits": fits, "verdict": verdict})
    return found
