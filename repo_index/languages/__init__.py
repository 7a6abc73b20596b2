"""The languages with a grammar, by file extension.

A language is a module of this folder whose name has no underscore and which lists its instances in LANGUAGES.
"""

from __future__ import annotations

import pkgutil
from functools import lru_cache
from importlib import import_module

from .base import Language


@lru_cache(maxsize=1)
def languages() -> tuple[Language, ...]:
    """One instance of every language, by the name of its module."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if "_" not in m.name and m.name != "base")
    return tuple(language for name in names for language in import_module(f".{name}", __package__).LANGUAGES)


@lru_cache(maxsize=1)
def _by_extension() -> dict[str, Language]:
    return {e: language for language in languages() for e in language.extensions}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Language]:
    return {language.name: language for language in languages()}


def for_path(path: str) -> Language | None:
    """The language of a file by its extension, None where there is no grammar."""
    name = path.rsplit("/", 1)[-1].lower()
    dot = name.rfind(".")
    return _by_extension().get(name[dot:]) if dot >= 0 else None


def named(name: str) -> Language | None:
    """The language called `name` in facts and records."""
    return _by_name().get(name)
