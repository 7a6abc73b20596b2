"""How fast a model runs here, and in how much memory; beside llama.cpp and transformers when asked.

Each engine is measured in a process of its own, so that memory is its own and nothing is warm from the other. Times
are the best of several, since other programs only ever make a run slower.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

ENGINES = ("v4", "llama.cpp", "transformers")
#: text to read; any text of code does
_TEXT = '''def merge(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    """Both mappings in one; the right one wins."""
    found = dict(left)
    for name, value in right.items():
        if value is not None:
            found[name] = value
    return found


'''


def measure(
    name: str,
    engine: str = "v4",
    *,
    dtype: str | None = None,
    threads: int | None = None,
    prefill: Sequence[int] = (512, 2048),
    contexts: Sequence[int] = (128, 2048),
    tokens: int = 24,
    repeats: int = 2,
    python: str = sys.executable,
) -> dict[str, Any]:
    """Measure an engine in a process of its own.

    `prefill`: prompt lengths to read; `contexts`: tokens read before `tokens` more are decoded one by one. `dtype`:
    scheme of the weights, for "v4". `python`: the interpreter to run it in; llama.cpp needs its package llama_cpp
    and psutil there, and of ours only this package's folder. Returns {"engine", "model", "scheme", "kernels",
    "threads", "load_seconds", "prefill": {length: tokens per second}, "decode": {context: tokens per second},
    "resident_bytes", "peak_bytes"}.

    Raises RuntimeError with the last line of the other process when it fails.
    """
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r} (known: {', '.join(ENGINES)})")
    from .catalog import locate
    from .placement import processors
    from .tokenizer import load_tokenizer

    asked = {
        "name": name,
        "path": str(locate(name)),
        "engine": engine,
        "dtype": dtype,
        "threads": threads or processors(),
        "prefill": list(prefill),
        "contexts": list(contexts),
        "tokens": tokens,
        "repeats": repeats,
        "ids": _ids(load_tokenizer(name), max([*prefill, *contexts, 1]) + 1),
    }
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent.parent), os.environ.get("PYTHONPATH")]))
    command = [python, "-m", "model_runtime.measure"]
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        command, input=json.dumps(asked), env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise RuntimeError(f"measuring {engine} failed: {lines[-1]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _best(act: Callable[[], Any], repeats: int) -> float:
    """Seconds of the fastest run."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        act()
        times.append(time.perf_counter() - started)
    return min(times)


def _v4(asked: dict[str, Any]) -> dict[str, Any]:
    from . import load_model

    load_model(asked["name"], dtype=asked["dtype"], threads=asked["threads"])  # packs the weights if need be
    started = time.perf_counter()
    model = load_model(asked["name"], dtype=asked["dtype"], threads=asked["threads"])
    model.session().extend([0])
    found: dict[str, Any] = {"load_seconds": time.perf_counter() - started, "scheme": model.scheme}
    found["kernels"] = model.kernels
    ids = asked["ids"]
    for length in asked["prefill"]:
        seconds = _best(partial(lambda count: model.session().extend(ids[:count]), length), asked["repeats"])
        found.setdefault("prefill", {})[str(length)] = length / seconds
    for context in asked["contexts"]:
        session = model.session()
        session.extend(ids[:context])

        def decode(session: Any = session, context: int = context) -> None:
            session.truncate(context)
            token = ids[context]
            for _ in range(asked["tokens"]):
                token = int(session.extend([token]).argmax())

        found.setdefault("decode", {})[str(context)] = asked["tokens"] / _best(decode, asked["repeats"])
    return found


def _transformers(asked: dict[str, Any]) -> dict[str, Any]:
    import torch

    from .oracle import transformers_model

    torch.set_num_threads(asked["threads"])
    started = time.perf_counter()
    model = transformers_model(asked["path"])
    found: dict[str, Any] = {"load_seconds": time.perf_counter() - started, "scheme": "bf16", "kernels": "transformers"}
    ids = torch.tensor([asked["ids"]])
    with torch.inference_mode():
        for length in asked["prefill"]:
            seconds = _best(partial(model, ids[:, :length], logits_to_keep=1), asked["repeats"])
            found.setdefault("prefill", {})[str(length)] = length / seconds
        for context in asked["contexts"]:
            read = model(ids[:, :context], logits_to_keep=1)

            def decode(cache: Any = read.past_key_values, context: int = context) -> None:
                if (extra := cache.get_seq_length() - context) > 0:
                    cache.crop(-extra)
                token = ids[:, context : context + 1]
                for _ in range(asked["tokens"]):
                    token = model(token, past_key_values=cache).logits[:, -1:].argmax(-1)

            found.setdefault("decode", {})[str(context)] = asked["tokens"] / _best(decode, asked["repeats"])
    return found


def _llama_cpp(asked: dict[str, Any]) -> dict[str, Any]:
    """llama.cpp with flash attention, through its Python package."""
    import llama_cpp  # type: ignore[import-not-found,unused-ignore]
    import numpy as np  # type: ignore[import-not-found,unused-ignore]

    ids, threads = asked["ids"], asked["threads"]
    started = time.perf_counter()
    model = llama_cpp.Llama(
        asked["path"], n_ctx=len(ids) + asked["tokens"] + 1, n_threads=threads, n_threads_batch=threads, n_batch=512,
        flash_attn=True, verbose=False,
    )  # fmt: skip
    model.eval(ids[:1])
    found: dict[str, Any] = {"load_seconds": time.perf_counter() - started, "scheme": "gguf", "kernels": "llama.cpp"}

    def keep(count: int) -> None:
        model.n_tokens = count
        llama_cpp.llama_memory_seq_rm(llama_cpp.llama_get_memory(model.ctx), -1, count, -1)

    def read(count: int) -> None:
        keep(0)
        model.eval(ids[:count])

    for length in asked["prefill"]:
        found.setdefault("prefill", {})[str(length)] = length / _best(partial(read, length), asked["repeats"])
    for context in asked["contexts"]:
        read(context)

        def decode(context: int = context) -> None:
            keep(context)
            token = ids[context]
            for _ in range(asked["tokens"]):
                model.eval([token])
                logits = llama_cpp.llama_get_logits_ith(model.ctx, -1)
                token = int(np.ctypeslib.as_array(logits, (model.n_vocab(),)).argmax())

        found.setdefault("decode", {})[str(context)] = asked["tokens"] / _best(decode, asked["repeats"])
    return found


def _ids(tokenizer: Any, wanted: int) -> list[int]:
    once = tokenizer.encode(_TEXT)
    ids: list[int] = (once * (wanted // len(once) + 1))[:wanted]
    return ids


def _memory() -> dict[str, int]:
    import resource

    from .placement import resident

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"resident_bytes": resident(), "peak_bytes": peak if sys.platform == "darwin" else peak * 1024}


def main() -> None:
    """Measure what the JSON on standard input asks for; print JSON."""
    asked = json.load(sys.stdin)
    act = {"v4": _v4, "llama.cpp": _llama_cpp, "transformers": _transformers}[asked["engine"]]
    found = {"engine": asked["engine"], "model": asked["name"], **act(asked)}
    print(json.dumps({**found, "threads": asked["threads"], **_memory()}))


if __name__ == "__main__":
    main()
