"""One layer of DeepSeek-V4-Flash in its real dimensions and formats, packed and run under a memory limit.

    python -m benchmarks.v4_layer [--folder FOLDER] [--experts 256] [--memory 4GB]

A checkpoint is written with real key names and formats and random numbers: a compressed-sparse-attention layer of
hidden size 4096 with 64 heads of 512, 256 experts in FP4 (E2M1 with E8M0 scales per 32), other matrices in FP8 (E4M3
with E8M0 scales per 128 x 128); the vocabulary is cut to 4,096, since it belongs to no layer. Two processes of their
own then pack it ("mix") and run it: prompt and decoding. Measured: the largest resident memory of each (VmHWM), times,
bytes read from the file, and the speed at which the disk reads the same file in pieces of an expert's size.

The run is held to the limit by `load_model(memory=...)`, which refuses what does not fit and keeps experts in what is
left; the script fails when a process was larger than the limit all the same. Needs 7.5 GB of disk for 256 experts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from . import RESULTS, machine

PROMPT, DECODED = 64, 32
CONFIG: dict[str, Any] = {
    "model_type": "deepseek_v4",
    "architectures": ["DeepseekV4ForCausalLM"],
    "vocab_size": 4096,
    "hidden_size": 4096,
    "moe_intermediate_size": 2048,
    "num_hidden_layers": 1,
    "num_attention_heads": 64,
    "num_key_value_heads": 1,
    "head_dim": 512,
    "qk_rope_head_dim": 64,
    "q_lora_rank": 1024,
    "num_experts_per_tok": 6,
    "n_routed_experts": 256,
    "n_shared_experts": 1,
    "scoring_func": "sqrtsoftplus",
    "routed_scaling_factor": 1.5,
    "norm_topk_prob": True,
    "max_position_embeddings": 1048576,
    "rope_theta": 10000.0,
    "compress_rope_theta": 160000.0,
    "rope_scaling": {
        "rope_type": "yarn",
        "factor": 16,
        "original_max_position_embeddings": 65536,
        "beta_fast": 32,
        "beta_slow": 1,
    },
    "compress_ratios": [4],
    "num_hash_layers": 0,
    "num_nextn_predict_layers": 0,
    "hc_mult": 4,
    "hc_sinkhorn_iters": 20,
    "hc_eps": 1e-6,
    "swiglu_limit": 10.0,
    "sliding_window": 128,
    "o_groups": 8,
    "o_lora_rank": 1024,
    "index_n_heads": 64,
    "index_head_dim": 128,
    "index_topk": 512,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "bos_token_id": 0,
    "eos_token_id": 1,
}


def write_layer(path: Path, experts: int) -> None:
    """The checkpoint, tensor by tensor."""
    import torch

    from model_runtime.checkpoints.block_formats import E8M0, FP8
    from model_runtime.checkpoints.own_tensors import scale_name
    from model_runtime.checkpoints.write_folder import Entry, write_checkpoint
    from model_runtime.composite.config import from_hf
    from model_runtime.composite.shapes import tensor_shapes

    config = {**CONFIG, "n_routed_experts": experts}
    generator = torch.Generator().manual_seed(0)

    def codes(dtype: torch.dtype, shape: tuple[int, ...]) -> torch.Tensor:
        if dtype == torch.int8:
            return torch.randint(-128, 128, shape, dtype=torch.int8, generator=generator)
        # no code with all bits set: that is not a number
        magnitude = torch.randint(0, 0x70, shape, dtype=torch.uint8, generator=generator)
        return (magnitude | (torch.randint(0, 2, shape, dtype=torch.uint8, generator=generator) << 7)).view(dtype)

    def scales(shape: tuple[int, ...], middle: int) -> torch.Tensor:
        return torch.randint(middle - 1, middle + 2, shape, dtype=torch.uint8, generator=generator).view(E8M0)

    entries: dict[str, Entry] = {}
    for name, shape in tensor_shapes(from_hf(config)).items():
        if ".experts." in name:
            packed, per_32 = (shape[0], shape[1] // 2), (shape[0], shape[1] // 32)
            entries[name] = Entry(torch.int8, packed, lambda shape=packed: codes(torch.int8, shape))
            entries[scale_name(name)] = Entry(E8M0, per_32, lambda shape=per_32: scales(shape, 119))
        elif ".attn.w" in name or ".indexer.wq_b" in name or ".shared_experts." in name:
            blocks = (-(-shape[0] // 128), -(-shape[1] // 128))
            entries[name] = Entry(FP8, shape, lambda shape=shape: codes(FP8, shape))
            entries[scale_name(name)] = Entry(E8M0, blocks, lambda shape=blocks: scales(shape, 115))
        else:
            dtype = torch.bfloat16 if len(shape) == 2 and name.endswith(".weight") else torch.float32
            mean, std = ("norm" in name) * 1.0, 0.3 if len(shape) == 1 else shape[-1] ** -0.5
            entries[name] = Entry(
                dtype,
                shape,
                lambda shape=shape, dtype=dtype, mean=mean, std=std: (
                    torch.randn(shape, generator=generator) * std + mean
                ).to(dtype),
            )
    write_checkpoint(path, config, entries, shard_bytes=1_000_000_000)


def pack(source: Path, target: Path) -> dict[str, float]:
    from model_runtime.checkpoints.convert import convert_checkpoint

    start = time.perf_counter()
    convert_checkpoint(source, target, "mix")
    return {"seconds": time.perf_counter() - start, "peak_bytes": peak()}


def run(packed: Path, memory: str) -> dict[str, float]:
    from model_runtime import load_model

    model = load_model(packed, memory=memory)
    experts = model.decoder.weights.experts  # type: ignore[union-attr]
    start = time.perf_counter()
    session = model.session()
    row = session.extend([7 * n % 4096 for n in range(PROMPT)])
    prefill = time.perf_counter() - start
    read_before, start = experts.read_bytes, time.perf_counter()
    for _ in range(DECODED):
        row = session.extend([int(row.argmax())])
    decode = time.perf_counter() - start
    if not bool(row.isfinite().all()):
        raise RuntimeError("the logits are not finite")
    return {
        "prefill_seconds": prefill,
        "decode_tokens_per_second": DECODED / decode,
        "decode_bytes_read_per_token": (experts.read_bytes - read_before) / DECODED,
        "experts_kept_bytes": experts.bytes,
        "peak_bytes": peak(),
    }


def peak() -> int:
    """Largest resident memory of this process so far, bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError("the system does not tell the largest resident memory")


def disk_speed(path: Path) -> float:
    """Bytes per second of reading a file in pieces of 14 MB, after asking the system to drop it from its cache."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        buffer, done, start = bytearray(14 << 20), 0, time.perf_counter()
        while count := os.preadv(handle, [buffer], done):
            done += count
        return done / (time.perf_counter() - start)
    finally:
        os.close(handle)


def _child(*arguments: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.v4_layer", "--child", *arguments], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary folder)")
    parser.add_argument("--experts", type=int, default=256)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        kind, *rest = options.child
        print(json.dumps(pack(Path(rest[0]), Path(rest[1])) if kind == "pack" else run(Path(rest[0]), rest[1])))
        return
    from model_runtime.placement import parse_size

    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        start = time.perf_counter()
        write_layer(folder / "layer", options.experts)
        stored = sum(file.stat().st_size for file in (folder / "layer").iterdir())
        print(f"written: {stored / 1e9:.2f} GB in {time.perf_counter() - start:.0f} s")
        packed = _child("pack", str(folder / "layer"), str(folder / "packed"))
        weights = folder / "packed" / "model.weights"
        print(f"packed:  {weights.stat().st_size / 1e9:.2f} GB in {packed['seconds']:.0f} s, {_peak(packed)}")
        speed = disk_speed(weights)
        ran = _child("run", str(folder / "packed"), options.memory)
        print(
            f"run:     {PROMPT} tokens in {ran['prefill_seconds']:.1f} s, "
            f"then {ran['decode_tokens_per_second']:.1f} tokens/s, "
            f"{ran['decode_bytes_read_per_token'] / 1e6:.1f} MB read a token, {_peak(ran)}"
        )
        print(f"disk:    {speed / 1e9:.2f} GB/s")
        result = {
            "machine": machine(),
            "experts": options.experts,
            "memory": options.memory,
            "stored_bytes": stored,
            "packed_bytes": weights.stat().st_size,
            "disk_bytes_per_second": speed,
            "pack": packed,
            "run": ran,
        }
        (RESULTS / "v4_layer.json").write_text(json.dumps(result, indent=2, sort_keys=True) + "\n")
        for name, process in (("packing", packed), ("running", ran)):
            if process["peak_bytes"] > parse_size(options.memory):
                sys.exit(f"{name} took {_peak(process)}, more than {options.memory}")
    finally:
        shutil.rmtree(folder)


def _peak(process: dict[str, float]) -> str:
    return f"{process['peak_bytes'] / 2**30:.2f} GiB at most"


if __name__ == "__main__":
    main()
