"""Whether Python would make a class of these bases: tried out on stand-ins for the classes of the repository."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING

from ..python.denote import Denoting
from ..python.imports import statements
from ..python.modules import Modules
from ..python.scopes import Scopes
from ..python.source import DEFINITIONS, PythonSource, try_parse

if TYPE_CHECKING:
    import ast

    from repo_index import Index

#: special forms, and modules whose import does something
_STAND_INS = {"typing", "typing_extensions", "enum", "antigravity", "this", "idlelib", "turtle"}
_CONFLICT = re.compile(r"method resolution|lay-?out|metaclass|acceptable base type|duplicate base")


class Linearization:
    """Stand-in classes by identity (`path::Name` or a dotted name). Classes of the standard library stand for
    themselves; any other is one without bases. `changed` gives classes other bases than they have."""

    def __init__(self, index: Index, changed: dict[str, list[str]] | None = None) -> None:
        self.index = index
        self.changed = changed or {}
        self.modules = Modules(index)
        self._made: dict[str, type] = {}
        self._files: dict[str, tuple[PythonSource, Denoting] | None] = {}

    def conflict(self, identity: str) -> str:
        """What Python says against the bases of a class of the repository, "" when it takes them."""
        try:
            type("C", tuple(self._class(b) for b in dict.fromkeys(self._bases(identity))), {})
        except TypeError as error:
            text = " ".join(str(error).split())
            return text if _CONFLICT.search(text) else ""
        except Exception:  # what a class of the standard library says to a subclass without its methods
            return ""
        return ""

    def _class(self, identity: str) -> type:
        if identity not in self._made:
            self._made[identity] = type(identity.rpartition("::")[2] or "C", (), {})  # a circle ends here
            made = self._of_repository(identity) if "::" in identity else _standard(identity)
            self._made[identity] = made if made is not None else self._made[identity]
        return self._made[identity]

    def _of_repository(self, identity: str) -> type | None:
        try:
            return type("C", tuple(self._class(b) for b in dict.fromkeys(self._bases(identity))), {})
        except Exception:  # what is wrong with it is not of interest where it is a base
            return None

    def _bases(self, identity: str) -> list[str]:
        if identity in self.changed:
            return self.changed[identity]
        path, _, qualified = identity.partition("::")
        node = self._node(path, qualified)
        found = self._files[path]
        if node is None or found is None:
            return []
        return [i for i in (found[1].identity(base) for base in node.bases) if i]

    def _node(self, path: str, qualified: str) -> ast.ClassDef | None:
        if path not in self._files:
            source = try_parse(path, self.index.read(path))
            self._files[path] = (
                (source, Denoting(source, Scopes(source), self.modules, statements(source))) if source else None
            )
        found = self._files[path]
        for node in found[0].nodes if found is not None else ():
            if isinstance(node, DEFINITIONS) and node.name == qualified and hasattr(node, "bases"):
                return node  # type: ignore[return-value]
        return None


def _standard(identity: str) -> type | None:
    module, _, name = identity.rpartition(".")
    if module.split(".")[0] not in sys.stdlib_module_names or module.split(".")[0] in _STAND_INS:
        return None
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception:  # a module of another platform
        return None
    return found if isinstance(found, type) else None
