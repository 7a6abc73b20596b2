"""Parsers of the grammar wheels, each made at its first use, so that commands that parse nothing load none."""

from __future__ import annotations

import warnings
from functools import cache
from importlib import import_module
from typing import Any


@cache
def grammar(package: str, function: str = "language") -> Any:
    """The tree_sitter.Language that `function` of the wheel's module gives."""
    from tree_sitter import Language

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # wheels of the older interface hand over a number
        return Language(getattr(import_module(package), function)())


@cache
def parser(package: str, function: str = "language") -> Any:
    """The tree_sitter.Parser of that grammar."""
    from tree_sitter import Parser

    return Parser(grammar(package, function))
