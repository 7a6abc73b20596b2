"""What fits this machine: memory that a model needs, memory that there is, and processors to run it."""

from __future__ import annotations

import os
from pathlib import Path

from .config import DecoderConfig


class MemoryBudgetExceeded(RuntimeError):
    """The model does not fit the memory allowed; nothing was loaded."""


def parse_size(text: str | int | float) -> int:
    """ "1.5G", "800 MB" or a number of bytes -> bytes (K, M, G are powers of 1024). Raises ValueError."""
    if isinstance(text, int | float):
        return int(text)
    cleaned = text.strip().upper().removesuffix("B").removesuffix("I").strip()
    units = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
    factor = units.get(cleaned[-1:], 1)
    number = float(cleaned[:-1] if factor > 1 else cleaned)
    if not 0 <= number < 2**60:
        raise ValueError(f"{text!r} is not a size")
    return int(number * factor)


def kv_bytes(config: DecoderConfig, tokens: int, element: int = 2) -> int:
    """Keys and values of `tokens` tokens."""
    return 2 * config.layers * config.kv_width * element * tokens


def _first_number(path: str) -> int | None:
    try:
        word = Path(path).read_text().split()[0]
        return int(word)
    except (OSError, ValueError, IndexError):
        return None


def _cgroup_free() -> int | None:
    """What the control group of this process leaves free, or None without a limit."""
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        most = _first_number(limit)
        if most is not None and most < 2**60:
            return max(0, most - (_first_number(used) or 0))
    return None


def available_memory() -> int:
    """Bytes that this process may still take: of the machine, and of its control group."""
    import psutil

    free = int(psutil.virtual_memory().available)
    group = _cgroup_free()
    return free if group is None else min(free, group)


def processors() -> int:
    """Physical cores that this process may use, by affinity and control-group quota."""
    import psutil

    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    logical, physical = os.cpu_count() or 1, psutil.cpu_count(logical=False) or 1
    count = min(allowed, max(1, allowed * physical // logical)) if physical < logical else allowed
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()[:2]
        if quota != "max":
            count = min(count, max(1, round(int(quota) / int(period))))
    except (OSError, ValueError):
        pass
    return max(1, count)


def resident() -> int:
    """Bytes of memory that this process holds now."""
    import psutil

    return int(psutil.Process().memory_info().rss)


class Budget:
    """The memory that a model may take, checked before it is taken.

    `allowed` bounds the process: what it held when the budget was made, and everything admitted since. Without it
    only the memory that the machine has to spare counts.
    """

    def __init__(self, allowed: int | None, what: str) -> None:
        self.allowed = allowed
        self.what = what
        self.held = resident()

    def admit(self, needed: int, passing: bool = False) -> None:
        """Count `needed` more bytes as taken, unless only in passing. Raises MemoryBudgetExceeded when they do not
        fit; nothing is counted then."""
        if self.allowed is not None and self.held + needed > self.allowed:
            raise MemoryBudgetExceeded(
                f"{self.what} needs {_size(self.held + needed)} and {_size(self.allowed)} are allowed: "
                "raise --memory, give it less to read, or use a smaller model (qwen2.5-coder-0.5b)"
            )
        if needed > (free := available_memory()):
            raise MemoryBudgetExceeded(
                f"{self.what} needs {_size(needed)} and {_size(free)} are free: "
                "close other programs, give it less to read, or use a smaller model (qwen2.5-coder-0.5b)"
            )
        if not passing:
            self.held += needed

    def release(self, count: int) -> None:
        self.held -= count


def _size(count: int) -> str:
    return f"{count / 2**30:.2f} GiB"
