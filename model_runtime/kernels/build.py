"""Compiling the native kernels on the user's machine, once per compiler and processor.

The library is plain C with POSIX threads; without a C compiler, or on a processor it does not suit, the decoder runs
on PyTorch's own kernels instead. V4_NATIVE=0 asks for that.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from ..catalog import cache_root

_SOURCES = Path(__file__).parent / "native"
_FLAGS = (
    "-std=gnu11",
    "-O3",
    "-march=native",
    "-ffp-contract=fast",
    "-fPIC",
    "-shared",
    "-pthread",
    "-w",
)
_PATIENCE = 120.0


class NoNativeKernels(RuntimeError):
    """The native kernels cannot be had here; the message says why."""


def _processor_flags() -> str:
    """The instruction sets of this processor, sorted, or an empty string where the system does not tell."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("flags"):
                return " ".join(sorted(line.split(":", 1)[1].split()))
    except OSError:
        pass
    return ""


def _compiler() -> str:
    chosen = os.environ.get("CC")
    for name in [chosen] if chosen else ["cc", "gcc", "clang"]:
        if found := shutil.which(name):
            return found
    raise NoNativeKernels("there is no C compiler (cc, gcc or clang)")


def _build(compiler: str, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, draft = tempfile.mkstemp(dir=output.parent, prefix=".making-", suffix=".so")
    os.close(handle)
    command = [compiler, *_FLAGS, "-o", draft, str(_SOURCES / "decoder.c"), "-lm"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no message"]
            raise NoNativeKernels(f"{compiler} failed: {lines[0]}")
        os.chmod(draft, 0o700)
        os.replace(draft, output)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoNativeKernels(f"{compiler} failed: {error}") from None
    finally:
        Path(draft).unlink(missing_ok=True)


@cache
def library() -> ctypes.CDLL:
    """The compiled kernels. Raises NoNativeKernels."""
    if os.environ.get("V4_NATIVE", "1").lower() in ("0", "no", "off", "false"):
        raise NoNativeKernels("switched off by V4_NATIVE")
    flags = _processor_flags()
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NoNativeKernels(f"not written for {platform.system()} on {platform.machine()}")
    if not {"avx2", "fma", "f16c"} <= set(flags.split()):
        raise NoNativeKernels("the processor lacks AVX2, FMA or F16C")
    compiler = _compiler()
    digest = hashlib.sha256(" ".join((flags, compiler, *_FLAGS)).encode())
    for source in sorted(_SOURCES.iterdir()):
        if source.suffix in (".c", ".h"):
            digest.update(source.read_bytes())
    path = cache_root() / "native" / f"decoder-{digest.hexdigest()[:20]}.so"
    if not path.is_file():
        try:
            _build(compiler, path)
        except OSError as error:
            raise NoNativeKernels(f"cannot write {path.parent}: {error.strerror}") from None
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NoNativeKernels(f"{path} cannot be loaded: {error}") from None


def why_not() -> str | None:
    """None when the native kernels work here, else the reason."""
    try:
        library()
    except NoNativeKernels as reason:
        return str(reason)
    return None
