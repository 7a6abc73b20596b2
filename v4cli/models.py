"""Open the model of a run, and say in one line what to do when that is not possible."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import EnvironmentLacks, UsageError
from .settings import parse_size

if TYPE_CHECKING:
    from model_runtime.model import Model
    from model_runtime.tokenizer import Tokenizer

    from .context import Context
    from .settings import Settings


def stay_offline() -> None:
    """Keep the libraries that a model needs from asking a network. Call before they are imported."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    os.environ["TRANSFORMERS_OFFLINE"] = "1"


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the runtime raises for a missing, foreign or too large model into EnvironmentLacks."""
    from model_runtime.catalog import ModelNotFound
    from model_runtime.config import BadCheckpoint, UnsupportedModel
    from model_runtime.gguf_metadata import BadGGUF
    from model_runtime.placement import MemoryBudgetExceeded

    try:
        yield
    except (ModelNotFound, BadGGUF, BadCheckpoint, UnsupportedModel, MemoryBudgetExceeded) as error:
        raise EnvironmentLacks(str(error)) from error


def model_settings(context: Context, *, repository: bool = True) -> Settings:
    """The settings of the run, after a check that a repository chose its model by name only.

    Raises UsageError when the repository's settings name a file: weights from a stranger are not opened.
    """
    from model_runtime.catalog import ENTRIES

    chosen = context.settings(repository=repository)
    if repository and chosen.model.lower() not in ENTRIES and chosen.model != context.settings(repository=False).model:
        raise UsageError(
            f"the settings of this repository name the model {chosen.model!r}; a repository may only choose one of "
            f"{', '.join(ENTRIES)}: give a file with --model"
        )
    return chosen


def cache_bytes(settings: Settings) -> int:
    """What prompts kept between runs may take on disk; 0 when they are not kept. Raises UsageError."""
    from model_runtime.cache.disk_space import MOST_BYTES

    if not settings.cache:
        return 0
    return parse_size(settings.cache_bytes, "cache_bytes") if settings.cache_bytes else MOST_BYTES


def open_model(context: Context, *, repository: bool = True) -> Model:
    """Load the model of the run, within its memory limit, with the cache of prompts unless that is switched off.

    `repository`: whether the settings of a repository count. Raises EnvironmentLacks when the model is not there,
    not supported or does not fit, UsageError for a limit that is no size.
    """
    stay_offline()
    settings = model_settings(context, repository=repository)
    memory = parse_size(settings.memory, "--memory") if settings.memory else None
    most = cache_bytes(settings)
    with translated(), context.output.progress("packing the weights, once", unit="layers") as advance:
        from model_runtime import load_model

        model = load_model(settings.model, memory=memory, threads=settings.threads or None, progress=advance)
    if most:
        model.keep_prefixes(most)
    return model


def open_tokenizer(context: Context, *, repository: bool = True) -> Tokenizer:
    """The tokeniser of the model of the run, without its weights. Raises as `open_model`."""
    settings = model_settings(context, repository=repository)
    with translated():
        from model_runtime import load_tokenizer

        return load_tokenizer(settings.model)


def packed_weights(path: Path) -> dict[str, int]:
    """What a model file has been packed to (scheme-kernels) -> bytes, by the names of the files in the cache."""
    from model_runtime.catalog import cache_root

    found = {}
    for file in sorted((cache_root() / "repacked").glob(f"{glob.escape(path.stem)}-*.weights")):
        if named := re.fullmatch(r"-(\w+-\w+)-[0-9a-f]+", file.stem.removeprefix(path.stem)):
            found[named[1]] = file.stat().st_size
    return found


def describe(path: Path) -> dict[str, Any]:
    """Architecture and memory needs of a GGUF file, from its metadata; neither weights nor torch are loaded.

    `memory_bytes` is what 4096 tokens of context take: packed weights (estimated at 1.5 times the file while they
    are not there) with keys and values. Raises EnvironmentLacks for a foreign or damaged file.
    """
    from model_runtime.config import from_gguf
    from model_runtime.gguf_metadata import read_metadata
    from model_runtime.placement import kv_bytes

    with translated():
        metadata = read_metadata(path)
        config = from_gguf(metadata, len(metadata.get("tokenizer.ggml.tokens", ())), tied_output=False)
    packed = packed_weights(path)
    weights = max(
        (size for kind, size in packed.items() if kind.startswith("mix-")), default=path.stat().st_size * 3 // 2
    )
    return {
        "architecture": config.architecture,
        "title": config.name,
        "layers": config.layers,
        "width": config.hidden,
        "feed_forward": config.feed_forward,
        "heads": config.heads,
        "kv_heads": config.kv_heads,
        "vocabulary": config.vocabulary,
        "context": config.context,
        "packed": packed,
        "memory_bytes": weights + kv_bytes(config, min(4096, config.context)),
    }


def remember(model: str) -> Path:
    """Write the model of choice into the user's configuration file, and return that file.

    Everything else in the file stays as it is. Raises UsageError when the file is not valid TOML.
    """
    import tomllib

    import platformdirs

    path = Path(platformdirs.user_config_dir("v4")) / "config.toml"
    text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
    line = f"model = {json.dumps(model, ensure_ascii=False)}"
    first_table = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    head_end = first_table.start() if first_table else len(text)
    head, rest = text[:head_end], text[head_end:]
    changed, count = re.subn(r"^[ \t]*model[ \t]*=[^\n]*$", lambda _: line, head, count=1, flags=re.MULTILINE)
    if not count:
        changed = f"{line}\n{head}"
    try:
        if tomllib.loads(changed + rest)["model"] != model:
            raise ValueError("the key is set in a way that is not understood")
    except ValueError as error:
        raise UsageError(f"{path}: {error}; set the line `{line}` there by hand") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.write_text(changed + rest, encoding="utf-8")
    os.replace(draft, path)
    return path
