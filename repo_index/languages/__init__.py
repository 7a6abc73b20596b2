"""The languages with a grammar, by file extension."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from .base import Language

#: module below this package, class; a language is added by one line here and one file beside this one
_REGISTERED: tuple[tuple[str, str], ...] = (
    ("python", "Python"),
    ("javascript", "JavaScript"),
    ("typescript", "TypeScript"),
    ("typescript", "Tsx"),
)


@lru_cache(maxsize=1)
def languages() -> tuple[Language, ...]:
    """One instance of every language, in the order of registration."""
    found: list[Language] = []
    for module, name in _REGISTERED:
        try:
            found.append(getattr(import_module(f".{module}", __package__), name)())
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{module}":
                raise
    return tuple(found)


@lru_cache(maxsize=1)
def _by_extension() -> dict[str, Language]:
    return {e: language for language in languages() for e in language.extensions}


def for_path(path: str) -> Language | None:
    """The language of a file by its extension, None where there is no grammar."""
    name = path.rsplit("/", 1)[-1].lower()
    dot = name.rfind(".")
    return _by_extension().get(name[dot:]) if dot >= 0 else None


def named(name: str) -> Language | None:
    """The language called `name` in facts and records."""
    return next((language for language in languages() if language.name == name), None)
