"""The decoder on the native kernels: one call into C per chunk of tokens.

Weights stay in the mapped file; activations are rounded to 8 bits in groups of 32 before each matrix, sums over a group
are exact integers, the rest is float32. The arithmetic of a token has one order, so logits are the same bit for bit
however tokens are cut into calls and however many threads run.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Mapping, Sequence
from ctypes import POINTER, Structure, c_float, c_int, c_int32, c_void_p
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..blocks.rotary import RotaryTable, inverse_frequencies
from ..cache.kv import KVCache
from ..config import DecoderConfig
from .blocks16 import NAME as NATIVE
from .build import library

#: tokens per call: bounds the scratch space and the time until an interrupt is seen
CHUNK = 256
_MAX_WIDTH = 256


class MatrixPart(Structure):
    _fields_ = (("data", c_void_p), ("format", c_int32), ("outputs", c_int32), ("groups", c_int32), ("_", c_int32))


class Matrix(Structure):
    _fields_ = (
        ("parts", MatrixPart * 3),
        ("count", c_int32),
        ("outputs", c_int32),
        ("inputs", c_int32),
        ("_", c_int32),
        ("bias", c_void_p),
    )


class _Layer(Structure):
    _fields_ = (
        ("attention_norm", c_void_p),
        ("feed_forward_norm", c_void_p),
        ("qkv", Matrix),
        ("output", Matrix),
        ("gate_up", Matrix),
        ("down", Matrix),
    )


class _Model(Structure):
    _fields_ = (
        ("layers", c_int32),
        ("hidden", c_int32),
        ("feed_forward", c_int32),
        ("heads", c_int32),
        ("kv_heads", c_int32),
        ("width", c_int32),
        ("vocabulary", c_int32),
        ("_", c_int32),
        ("eps", c_float),
        ("_float", c_float),
        ("layer", POINTER(_Layer)),
        ("norm", c_void_p),
        ("head", Matrix),
    )


def suits(config: DecoderConfig) -> bool:
    """Whether the kernels are written for these sizes."""
    return config.head_dim % 16 == 0 and config.head_dim <= _MAX_WIDTH and config.feed_forward % 16 == 0


def scratch_bytes(config: DecoderConfig) -> int:
    """Memory that a decoder takes beside weights and caches."""
    widest = max(config.hidden, config.feed_forward, config.query_width)
    floats = 2 * config.hidden + 2 * config.query_width + 2 * config.kv_width + config.feed_forward
    states = config.kv_heads * 64 * 16 * 4 * (_MAX_WIDTH + 2)
    return CHUNK * (4 * floats + widest * 3 // 2 + 4 * config.head_dim) + states + 4 * config.vocabulary


def _matrix(name: str, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> Matrix:
    matrix = Matrix()
    while (part := f"{name}.{matrix.count}") in tensors:
        entry = about[part]
        groups = -(-entry["inputs"] // 32)
        matrix.parts[matrix.count] = MatrixPart(tensors[part].data_ptr(), entry["format"], entry["outputs"], groups, 0)
        matrix.inputs = entry["inputs"]
        matrix.outputs += entry["outputs"]
        matrix.count += 1
    if f"{name}.bias" in tensors:
        matrix.bias = tensors[f"{name}.bias"].data_ptr()
    return matrix


class NativeDecoder:
    """The weights of a model and the pass through them. Holds no state of a session; calls wait for each other."""

    kv_dtype = torch.float16
    kv_blocked = True
    #: tokens of a block of the prefix cache, and whether keys and values are the same however tokens are cut into calls
    block = 64
    cuts_alike = True

    def __init__(
        self, config: DecoderConfig, tensors: Mapping[str, Tensor], about: Mapping[str, Any], threads: int
    ) -> None:
        self.config = config
        self.threads = threads
        self._tensors = tensors  # the C side points into them
        frequencies = inverse_frequencies(
            config.head_dim, config.rope_theta, config.rope_scale, tensors.get("rope_factors")
        )
        self._rotary = RotaryTable(frequencies)
        self._layers = (_Layer * config.layers)()
        for index in range(config.layers):
            name = f"layers.{index}"
            layer = self._layers[index]
            layer.attention_norm = tensors[f"{name}.attention_norm"].data_ptr()
            layer.feed_forward_norm = tensors[f"{name}.feed_forward_norm"].data_ptr()
            for field in ("qkv", "output", "gate_up", "down"):
                setattr(layer, field, _matrix(f"{name}.{field}", tensors, about))
        self._model = _Model(
            layers=config.layers,
            hidden=config.hidden,
            feed_forward=config.feed_forward,
            heads=config.heads,
            kv_heads=config.kv_heads,
            width=config.head_dim,
            vocabulary=config.vocabulary,
            eps=config.norm_eps,
            layer=self._layers,
            norm=tensors["norm"].data_ptr(),
            head=_matrix("head", tensors, about),
        )
        self._library = library()
        self._library.v4_engine_new.restype = c_void_p
        self._library.v4_engine_new.argtypes = (c_void_p, c_int, c_int)
        self._library.v4_engine_free.argtypes = (c_void_p,)
        self._library.v4_forward.argtypes = (c_void_p,) * 3 + (c_int, c_int) + (c_void_p,) * 4
        self._library.v4_forward_each.argtypes = (c_void_p,) * 3 + (c_int,) + (c_void_p,) * 5
        self._library.v4_head.argtypes = (c_void_p, c_void_p, c_void_p, c_int, c_void_p)
        self._lock = threading.Lock()
        self._engine: int | None = None
        self._process = 0

    def _started(self) -> int:
        """The engine of this process: threads do not survive a fork."""
        if self._engine is None or self._process != os.getpid():
            self._engine = self._library.v4_engine_new(ctypes.byref(self._model), CHUNK, self.threads)
            if not self._engine:
                raise MemoryError("no memory for the scratch space of the decoder")
            self._process = os.getpid()
        return self._engine

    def __del__(self) -> None:
        if getattr(self, "_engine", None) and self._process == os.getpid():
            self._library.v4_engine_free(self._engine)

    def arithmetic(self) -> list[str | int]:
        """What the bits of a result depend on beside weights and tokens: the kernels as compiled here."""
        return [NATIVE, Path(self._library._name).name]

    def forward(self, ids: Sequence[int], cache: KVCache, all_logits: bool = False) -> Tensor:
        """Read `ids` into the cache; float32 logits of the last token [vocabulary], or of all [n, vocabulary].

        Raises ContextFull, with the cache as it was, when they do not fit.
        """
        if not ids:
            raise ValueError("no tokens to read")
        cache.reserve(len(ids))
        pointers = (c_void_p * len(cache.layers))(*(layer.data_ptr() for layer in cache.layers))
        capacities = (c_int * len(cache.layers))(*(layer.shape[2] for layer in cache.layers))
        tokens = torch.tensor(ids)
        wanted = len(ids) if all_logits else 1
        logits = torch.empty(wanted, self.config.vocabulary)
        model = ctypes.byref(self._model)
        with self._lock:
            engine = self._started()
            for begin in range(0, len(ids), CHUNK):
                x = self._tensors["embedding"][tokens[begin : begin + CHUNK]].float()
                count = x.shape[0]
                cos, sin = self._rotary.at(cache.length, count)
                failed = self._library.v4_forward(
                    engine,
                    model,
                    x.data_ptr(),
                    count,
                    cache.length,
                    pointers,
                    capacities,
                    cos.data_ptr(),
                    sin.data_ptr(),
                )
                if failed:
                    raise RuntimeError("the native decoder refused a chunk of tokens")
                cache.length += count
                if all_logits:
                    self._library.v4_head(engine, model, x.data_ptr(), count, logits[begin:].data_ptr())
            if not all_logits:
                self._library.v4_head(engine, model, x[-1].data_ptr(), 1, logits.data_ptr())
        return logits if all_logits else logits[0]

    def forward_each(self, ids: Sequence[int], caches: Sequence[KVCache]) -> Tensor:
        """Read one more token into each cache, in one pass over the weights; float32 logits [n, vocabulary], the same
        bits as of `forward` for each. The caches must be different ones, at most CHUNK.

        Raises ContextFull, with all caches as they were, when one is full.
        """
        for cache in caches:
            cache.reserve(1)
        layers = [layer for cache in caches for layer in cache.layers]
        pointers = (c_void_p * len(layers))(*(layer.data_ptr() for layer in layers))
        capacities = (c_int * len(layers))(*(layer.shape[2] for layer in layers))
        starts = (c_int * len(caches))(*(cache.length for cache in caches))
        x = self._tensors["embedding"][torch.tensor(ids)].float()
        turns = [self._rotary.at(cache.length, 1) for cache in caches]
        cos, sin = torch.cat([turn[0] for turn in turns]), torch.cat([turn[1] for turn in turns])
        logits = torch.empty(len(ids), self.config.vocabulary)
        model, rows = ctypes.byref(self._model), len(ids)
        with self._lock:
            engine = self._started()
            turned = (cos.data_ptr(), sin.data_ptr())
            if self._library.v4_forward_each(engine, model, x.data_ptr(), rows, starts, pointers, capacities, *turned):
                raise RuntimeError("the native decoder refused a batch of tokens")
            for cache in caches:
                cache.length += 1
            self._library.v4_head(engine, model, x.data_ptr(), rows, logits.data_ptr())
        return logits
