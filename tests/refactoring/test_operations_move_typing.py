"""Moving code whose annotations use what exists for type checkers alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from carrying_out import carry_out

from v4cli.refactoring.operations.move_symbols import MoveSymbols

Make = Callable[[dict[str, str | bytes]], Path]

REGISTRY = """\
from __future__ import annotations

import typing

if typing.TYPE_CHECKING:
    Kind = typing.Type[int]

_known = {}


def register(name: str, kind: Kind) -> None:
    _known[name] = kind


def known() -> list[str]:
    return sorted(_known)
"""


def test_alias_below_type_checking_is_imported_there_too(make_repository: Make) -> None:
    root = make_repository({"pkg/__init__.py": "", "pkg/registry.py": REGISTRY, "pkg/store.py": "items = 1\n"})
    done = carry_out(
        root,
        MoveSymbols(symbols=["pkg/registry.py::register"], target="pkg/store.py"),
        "import pkg.store, pkg.registry; pkg.store.register('a', int); assert pkg.registry.known() == ['a']",
    )
    text = done.text("pkg/store.py")
    assert "if TYPE_CHECKING:\n    from pkg.registry import Kind\n" in text
    assert "from pkg.registry import _known\n" in text


def test_import_below_type_checking_in_the_target_is_the_same(make_repository: Make) -> None:
    guarded = "import typing as t\n\nif t.TYPE_CHECKING:\n    from .core import Context\n"
    root = make_repository(
        {
            "pkg/__init__.py": "",
            "pkg/core.py": "class Context: ...\n",
            "pkg/a.py": f'{guarded}\n\ndef run(ctx: "Context") -> None:\n    print(ctx)\n',
            "pkg/b.py": f'{guarded}\n\ndef other(ctx: "Context") -> None:\n    print(ctx)\n',
        }
    )
    done = carry_out(root, MoveSymbols(symbols=["pkg/a.py::run"], target="pkg/b.py"), "import pkg.b; pkg.b.run(1)")
    assert done.text("pkg/b.py").count("import Context") == 1
