"""Dotted names."""

from __future__ import annotations

from collections.abc import Iterator


def join(*parts: str) -> str:
    return ".".join(p for p in parts if p)


def enclosing(name: str) -> Iterator[str]:
    """The name itself and those around it, the innermost first: a.b.c, a.b, a. Nothing for ""."""
    while name:
        yield name
        name = name.rpartition(".")[0]
