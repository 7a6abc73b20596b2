"""How fast a model runs here, and in how much memory; beside transformers when asked.

Each engine is measured in a process of its own, so that memory is its own and nothing is warm from the other. Times
are the best of several, since other programs only ever make a run slower.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

ENGINES = ("v4", "transformers")
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
) -> dict[str, Any]:
    """Measure an engine in a process of its own.

    `prefill`: prompt lengths to read; `contexts`: tokens read before `tokens` more are decoded one by one. `dtype`:
    scheme of the weights, for "v4". Returns {"engine", "model", "scheme", "kernels", "threads", "load_seconds",
    "prefill": {length: tokens per second}, "decode": {context: tokens per second}, "resident_bytes", "peak_bytes"}.

    Raises RuntimeError with the last line of the other process when it fails.
    """
    if engine not in ENGINES:
        raise ValueError(f"unknown engine {engine!r} (known: {', '.join(ENGINES)})")
    asked = {
        "name": name,
        "engine": engine,
        "dtype": dtype,
        "threads": threads,
        "prefill": list(prefill),
        "contexts": list(contexts),
        "tokens": tokens,
        "repeats": repeats,
    }
    command = [sys.executable, "-m", "model_runtime.measure", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
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
    ids = _ids(model.tokenizer, asked)
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

    from .catalog import locate
    from .oracle import transformers_model
    from .placement import processors
    from .tokenizer import load_tokenizer

    torch.set_num_threads(asked["threads"] or processors())
    started = time.perf_counter()
    model = transformers_model(locate(asked["name"]))
    found: dict[str, Any] = {"load_seconds": time.perf_counter() - started, "scheme": "bf16", "kernels": "transformers"}
    ids = torch.tensor([_ids(load_tokenizer(asked["name"]), asked)])
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


def _ids(tokenizer: Any, asked: dict[str, Any]) -> list[int]:
    wanted = max([*asked["prefill"], *asked["contexts"], 1]) + 1
    once = tokenizer.encode(_TEXT)
    ids: list[int] = (once * (wanted // len(once) + 1))[:wanted]
    return ids


def _memory() -> dict[str, int]:
    import resource

    from .placement import resident

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"resident_bytes": resident(), "peak_bytes": peak if sys.platform == "darwin" else peak * 1024}


def main() -> None:
    """Measure what the JSON in the first argument asks for; print JSON."""
    parser = argparse.ArgumentParser(description="Measure one engine; used by `measure`.")
    parser.add_argument("asked")
    asked = json.loads(parser.parse_args().asked)
    found = {"engine": asked["engine"], "model": asked["name"]}
    found |= _v4(asked) if asked["engine"] == "v4" else _transformers(asked)
    import torch

    print(json.dumps({**found, "threads": torch.get_num_threads(), **_memory()}))


if __name__ == "__main__":
    main()
