"""Single matrices on the native kernels: y = W x for packed weights, outside the decoder that is all in C."""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import c_int, c_void_p

import torch
from torch import Tensor

from .build import library
from .native_decoder import Matrix, MatrixPart

#: rows per call: bounds the scratch space
ROWS = 256


class Multiplier:
    """Threads and scratch space that all matrices of a model share; calls wait for each other."""

    def __init__(self, inputs: int, threads: int) -> None:
        """`inputs`: columns of the widest matrix. Raises NoNativeKernels."""
        self.inputs, self.threads = inputs, threads
        self._library = library()
        self._library.v4_matrix_engine_new.restype = c_void_p
        self._library.v4_matrix_engine_new.argtypes = (c_int,) * 3
        self._library.v4_engine_free.argtypes = (c_void_p,)
        self._library.v4_multiply.argtypes = (c_void_p, c_void_p, c_void_p, c_int, c_void_p)
        self._lock = threading.Lock()
        self._engine: int | None = None
        self._process = 0

    def _started(self) -> int:
        """The engine of this process: threads do not survive a fork."""
        if self._engine is None or self._process != os.getpid():
            self._engine = self._library.v4_matrix_engine_new(self.inputs, ROWS, self.threads)
            if not self._engine:
                raise MemoryError("no memory for the scratch space of the kernels")
            self._process = os.getpid()
        return self._engine

    def __del__(self) -> None:
        if getattr(self, "_engine", None) and self._process == os.getpid():
            self._library.v4_engine_free(self._engine)

    def multiply(self, matrix: Matrix, x: Tensor) -> Tensor:
        """float32 [n, outputs] from float32 [n, inputs]."""
        x = x.contiguous()
        out = torch.empty(x.shape[0], matrix.outputs)
        with self._lock:
            engine = self._started()
            for begin in range(0, x.shape[0], ROWS):
                count = min(ROWS, x.shape[0] - begin)
                at = x[begin:].data_ptr(), count, out[begin:].data_ptr()
                if self._library.v4_multiply(engine, ctypes.byref(matrix), *at):
                    raise RuntimeError("the kernels refuse the matrix")
        return out


class PackedMatrix:
    """x [..., inputs] -> [..., outputs] in the dtype of x, for a part that blocks16.pack wrote."""

    def __init__(self, multiplier: Multiplier, packed: Tensor, form: int, outputs: int, inputs: int) -> None:
        self.multiplier = multiplier
        self.packed = packed  # the C side points into it
        self.matrix = Matrix(count=1, outputs=outputs, inputs=inputs)
        self.matrix.parts[0] = MatrixPart(packed.data_ptr(), form, outputs, -(-inputs // 32), 0)
        if inputs > multiplier.inputs:
            raise ValueError(f"a matrix of {inputs} columns is wider than the {multiplier.inputs} announced")

    def __call__(self, x: Tensor) -> Tensor:
        y = self.multiplier.multiply(self.matrix, x.reshape(-1, x.shape[-1]).float())
        return y.view(*x.shape[:-1], -1).to(x.dtype)
