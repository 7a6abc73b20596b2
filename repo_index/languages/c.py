"""C, and headers that are C or C++."""

from __future__ import annotations

from .c_base import CFamily
from .c_words import BUILTINS, C_KEYWORDS


class C(CFamily):
    name = "c"
    extensions: tuple[str, ...] = (".c", ".h")
    version = 3
    cpp = None

    def keywords(self) -> frozenset[str]:
        return C_KEYWORDS

    def builtins(self) -> frozenset[str]:
        return BUILTINS


LANGUAGES = (C(),)
