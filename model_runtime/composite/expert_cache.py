"""Experts on disk: read when tokens are routed to them, and kept in memory within a bound; the least recently used go.

The matrices of an expert stand together in the file, so one read brings all of them. A layer announces the experts that
it is about to run; up to `AHEAD` of them are read in the background while those before them compute.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..checkpoints.repacked import nbytes, view
from ..checkpoints.safetensors_folder import read_into

#: experts that are read before they are asked for
AHEAD = 4

Tensors = dict[str, Tensor]
"""The tensors of an expert by their full names."""


class ExpertCache:
    """Experts of one packed file, by their prefix ("layers.3.ffn.experts.7."). For one pass at a time."""

    def __init__(self, path: Path, entries: Mapping[str, Mapping[str, Any]], most_bytes: int) -> None:
        """`entries`: the tensors of the file as its header has them. `most_bytes`: of experts kept; beside them up to
        AHEAD + 1 are in use or on their way."""
        self.path = path
        self.most_bytes = most_bytes
        self.bytes = 0
        self.read_bytes = 0
        """Read from the file so far."""
        self.hits = self.misses = 0
        self._entries: dict[str, dict[str, Mapping[str, Any]]] = {}
        for name, entry in entries.items():
            if ".experts." in name:
                head, _, tail = name.partition(".experts.")
                self._entries.setdefault(f"{head}.experts.{tail.partition('.')[0]}.", {})[name] = entry
        self._kept: OrderedDict[str, tuple[int, Tensors]] = OrderedDict()
        self._coming: dict[str, Future[tuple[int, Tensors]]] = {}
        self._announced: deque[str] = deque()
        self._threads: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    @property
    def all_bytes(self) -> int:
        """Bytes of all experts."""
        return sum(_span(tensors)[1] for tensors in self._entries.values())

    @property
    def largest(self) -> int:
        """Bytes of the largest expert."""
        return max((_span(tensors)[1] for tensors in self._entries.values()), default=0)

    def announce(self, prefixes: Sequence[str]) -> None:
        """The experts that will be asked for next, in this order."""
        self._announced = deque(prefixes)
        self._coming = {prefix: coming for prefix, coming in self._coming.items() if prefix in self._announced}
        self._read_ahead()

    def get(self, prefix: str) -> Tensors:
        """The tensors of an expert. Raises KeyError for one that the file lacks, BadCheckpoint for a file cut short."""
        if prefix in self._announced:
            while self._announced.popleft() != prefix:
                pass
        if prefix in self._kept:
            self.hits += 1
            self._kept.move_to_end(prefix)
            self._read_ahead()
            return self._kept[prefix][1]
        self.misses += 1
        coming = self._coming.pop(prefix, None)
        self._read_ahead()
        size, tensors = coming.result() if coming else self._read(prefix)
        self._keep(prefix, size, tensors)
        return tensors

    def _keep(self, prefix: str, size: int, tensors: Tensors) -> None:
        if size > self.most_bytes:
            return
        while self.bytes + size > self.most_bytes:
            _, (freed, _) = self._kept.popitem(last=False)
            self.bytes -= freed
        self._kept[prefix] = size, tensors
        self.bytes += size

    def _read_ahead(self) -> None:
        wanted = [prefix for prefix in self._announced if prefix not in self._kept and prefix not in self._coming]
        for prefix in wanted[: AHEAD - len(self._coming)]:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(2, thread_name_prefix="experts")
            self._coming[prefix] = self._threads.submit(self._read, prefix)

    def _read(self, prefix: str) -> tuple[int, Tensors]:
        tensors = self._entries[prefix]
        begin, size = _span(tensors)
        raw = torch.empty(size, dtype=torch.uint8)
        read_into(self.path, raw, begin)
        with self._lock:
            self.read_bytes += size
        return size, {name: view(raw, entry, begin) for name, entry in tensors.items()}


def _span(tensors: Mapping[str, Mapping[str, Any]]) -> tuple[int, int]:
    """Where the tensors of an expert begin, and how many bytes they take with what lies between them."""
    begin = min(entry["at"] for entry in tensors.values())
    return begin, max(entry["at"] + nbytes(entry) for entry in tensors.values()) - begin
